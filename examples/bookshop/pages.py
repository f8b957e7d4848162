"""The pages of the shop: one that is slow on purpose, one that is asynchronous, one streamed."""

import asyncio

from asgiref.sync import sync_to_async
from debug_toolbar.toolbar import debug_toolbar_urls
from django.db.models import Avg, Count
from django.http import StreamingHttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import path
from likeness import most_alike
from shop.models import Author, Book, Review


def front(request):
    """The best books."""
    books = Book.objects.select_related("author").annotate(
        stars=Avg("reviews__stars"), count=Count("reviews")
    )
    return render(request, "front.html", {"books": books.order_by("-stars")[:40]})


def book(request, number):
    """A book and those that read like it. Slow: it asks the database once for each of them."""
    chosen = get_object_or_404(Book, pk=number)
    alike = most_alike(chosen, Book.objects.all(), count=12)
    rated = [(other, other.author.name, average_stars(other)) for other in alike]
    return render(request, "book.html", {"book": chosen, "alike": rated})


def average_stars(chosen):
    """What readers think of a book, from all that they said."""
    stars = [review.stars for review in chosen.reviews.all()]
    return sum(stars) / len(stars) if stars else None


async def today(request):
    """Three questions at once, one of them to somebody far away."""
    busiest, dearest, weather = await asyncio.gather(
        sync_to_async(busiest_authors)(), sync_to_async(dearest_books)(), weather_report()
    )
    context = {"busiest": busiest, "dearest": dearest, "weather": weather}
    return await sync_to_async(render)(request, "today.html", context)


def busiest_authors():
    """Who has written most."""
    return list(Author.objects.annotate(count=Count("books")).order_by("-count")[:10])


def dearest_books():
    """What costs most."""
    return list(Book.objects.select_related("author").order_by("-cents")[:10])


async def weather_report():
    """What a service far away would say, which takes it 80 ms."""
    await asyncio.sleep(0.08)
    return "rain, good for reading"


def reviews(request):
    """All reviews as text, line by line."""
    return StreamingHttpResponse(review_lines(), content_type="text/plain")


def review_lines():
    """A line for each review."""
    for review in Review.objects.select_related("book").iterator():
        yield f"{review.book.title}\t{'*' * review.stars}\t{review.text}\n"


urlpatterns = [
    path("", front, name="front"),
    path("book/<int:number>/", book, name="book"),
    path("today/", today, name="today"),
    path("reviews.txt", reviews, name="reviews"),
    *debug_toolbar_urls(),
]
