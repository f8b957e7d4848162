"""What it takes to have pyflame's panel: the four marked places."""

import os
from pathlib import Path

from debug_toolbar.settings import PANELS_DEFAULTS

SECRET_KEY = "nobody needs to know"
DEBUG = True
ALLOWED_HOSTS = ["*"]
INTERNAL_IPS = ["127.0.0.1"]
ROOT_URLCONF = "pages"
STATIC_URL = "static/"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.staticfiles",
    "debug_toolbar",  # 1
    "pyflame",  # 2
    "shop",
]
MIDDLEWARE = [
    "debug_toolbar.middleware.DebugToolbarMiddleware",  # 3
    "django.middleware.common.CommonMiddleware",
]
DEBUG_TOOLBAR_PANELS = [*PANELS_DEFAULTS, "pyflame.djdt.panel.FlamegraphPanel"]  # 4
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [Path(__file__).parent / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {"context_processors": ["django.template.context_processors.request"]},
    }
]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": Path(os.environ["BOOKSHOP_FOLDER"]) / "bookshop.sqlite3",
    }
}
