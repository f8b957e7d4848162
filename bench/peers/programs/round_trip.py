"""An application: writes a document as JSON, reads it again, and looks something up in it."""

import json

DOCUMENT = {
    "orders": [
        {
            "id": number,
            "customer": {"name": f"customer {number}", "city": "Kraków", "is_new": number % 2 == 0},
            "lines": [{"part": line, "count": number, "price": line * 0.7} for line in range(6)],
            "note": None if number % 3 else 'leave it "at the door"\n',
        }
        for number in range(30)
    ]
}


def total(order):
    return sum(line["count"] * line["price"] for line in order["lines"])


def cycle():
    read = json.loads(json.dumps(DOCUMENT, indent=1, sort_keys=True))
    return max(read["orders"], key=total)["id"]
