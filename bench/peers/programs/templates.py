"""An application: renders the page of a shop with Django's templates."""

from django.conf import settings
from django.template import Context, Engine

PAGES = {
    "base.html": """<!doctype html><title>{% block title %}{{ shop.name }}{% endblock %}</title>
<nav>{% for link in links %}<a href="{{ link.url }}">{{ link.name|upper }}</a>{% endfor %}</nav>
{% block content %}{% endblock %}<footer>{{ shop.name }}</footer>""",
    "row.html": """<tr class="{% cycle 'odd' 'even' %}"><td>{{ forloop.counter }}</td>
<td>{{ item.name|capfirst }}</td><td>{{ item.price|floatformat:2 }}</td>
<td>{% if item.stock > 5 %}in stock{% elif item.stock %}few left{% else %}sold out{% endif %}</td>
<td>{{ item.text|truncatewords:6|default:"none" }}</td></tr>""",
    "page.html": """{% extends "base.html" %}{% block title %}{{ block.super }}: all{% endblock %}
{% block content %}<table>{% for item in items %}{% include "row.html" %}{% empty %}nothing
{% endfor %}</table>{% with total=items|length %}{{ total }} item{{ total|pluralize }}
{% endwith %}{% endblock %}""",
}

settings.configure(USE_I18N=False)
ENGINE = Engine(loaders=[("django.template.loaders.locmem.Loader", PAGES)])
PAGE = {
    "shop": {"name": "Nuts & Bolts"},
    "links": [{"name": f"part {number}", "url": f"/part/{number}"} for number in range(5)],
    "items": [
        {
            "name": f"<nut {number}>",
            "price": number * 1.07,
            "stock": number % 9,
            "text": "of steel, for all who need one more than they have" if number % 3 else "",
        }
        for number in range(10)
    ],
}


def cycle():
    return ENGINE.get_template("page.html").render(Context(PAGE))
