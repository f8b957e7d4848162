"""A site for the tests, in the configuration that environment variables ask for."""

import json
import os
import sys
from pathlib import Path

# For `allocator` and `looks`, which other tests use, too.
sys.path.append(str(Path(__file__).resolve().parents[2]))

FOLDER = Path(os.environ.get("SITE_FOLDER", "."))


def asked(name, default=None):
    return json.loads(os.environ.get(f"SITE_{name}", json.dumps(default)))


SECRET_KEY = "not a secret"
DEBUG = True
ALLOWED_HOSTS = ["*"]
INTERNAL_IPS = ["127.0.0.1"]
USE_TZ = True
ROOT_URLCONF = "urls"
ASGI_APPLICATION = "serving.asgi"
STATIC_URL = "static/"
X_FRAME_OPTIONS = "DENY"
INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.staticfiles",
    "debug_toolbar",
    "pyflame",
]
INSTALLED_APPS = [app for app in INSTALLED_APPS if app not in asked("NOT_INSTALLED", [])]
MIDDLEWARE = [
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "debug_toolbar.middleware.DebugToolbarMiddleware",
    "views.counting_middleware",
]
if asked("CSP", False):
    from django.utils.csp import CSP

    MIDDLEWARE.insert(0, "django.middleware.csp.ContentSecurityPolicyMiddleware")
    SECURE_CSP = {
        "default-src": [CSP.SELF],
        "script-src": [CSP.SELF, CSP.NONCE],
        "style-src": [CSP.SELF, CSP.NONCE],
        "img-src": [CSP.SELF, "data:"],
    }
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [Path(__file__).parent / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {"context_processors": ["django.template.context_processors.request"]},
    }
]
if asked("CSP", False):
    TEMPLATES[0]["OPTIONS"]["context_processors"].append("django.template.context_processors.csp")
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": FOLDER / "site.sqlite3",
        "OPTIONS": {"timeout": 30},
    }
}
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.filebased.FileBasedCache",
        "LOCATION": FOLDER / "cache",
    }
}
PANEL = "pyflame.djdt.panel.FlamegraphPanel"
DEBUG_TOOLBAR_PANELS = asked(
    "PANELS",
    [
        "debug_toolbar.panels.history.HistoryPanel",
        "debug_toolbar.panels.timer.TimerPanel",
        "debug_toolbar.panels.sql.SQLPanel",
        "debug_toolbar.panels.templates.TemplatesPanel",
        "debug_toolbar.panels.profiling.ProfilingPanel",
        PANEL,
    ],
)
DEBUG_TOOLBAR_CONFIG = {
    "SHOW_TOOLBAR_CALLBACK": "views.is_shown",
    "DISABLE_PANELS": asked(
        "DISABLED",
        [
            "debug_toolbar.panels.profiling.ProfilingPanel",
            "debug_toolbar.panels.redirects.RedirectsPanel",
        ],
    ),
    **asked("TOOLBAR", {}),
}
PYFLAME_CONFIG = asked("PYFLAME", {})
