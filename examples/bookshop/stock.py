"""Makes up authors, books and reviews, the same ones each time."""

import random

from shop.models import Author, Book, Review

NAMES = "Ada Bo Cleo Dora Emil Finn Gwen Hugo Ines Jan Kaja Lars Mina Nils Olga Pia".split()
WORDS = (
    "autumn bridge candle distant echo forest garden harbour island journey kingdom letter "
    "mountain night ocean promise quiet river secret tower umbrella valley winter yellow"
).split()


def fill():
    """Fills an empty database."""
    choose = random.Random(7)

    def words(count):
        return " ".join(choose.choice(WORDS) for _ in range(count))

    names = [f"{first} {last}son" for first in NAMES for last in NAMES[:5]]
    authors = Author.objects.bulk_create(Author(name=name) for name in names)
    books = Book.objects.bulk_create(
        Book(
            author=choose.choice(authors),
            title=f"The {words(1)} of the {words(2)}".title(),
            blurb=words(60).capitalize() + ".",
            cents=choose.randrange(500, 4000),
        )
        for _ in range(600)
    )
    Review.objects.bulk_create(
        Review(book=choose.choice(books), stars=choose.randint(1, 5), text=words(30))
        for _ in range(6000)
    )
