"""Authors, their books, and what readers say of them."""

from django.db import models


class Author(models.Model):
    """Who writes."""

    name = models.CharField(max_length=100)


class Book(models.Model):
    """What is written."""

    author = models.ForeignKey(Author, on_delete=models.CASCADE, related_name="books")
    title = models.CharField(max_length=200)
    blurb = models.TextField()
    cents = models.PositiveIntegerField()


class Review(models.Model):
    """What is said of it."""

    book = models.ForeignKey(Book, on_delete=models.CASCADE, related_name="reviews")
    stars = models.PositiveSmallIntegerField()
    text = models.TextField()
