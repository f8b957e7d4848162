"""The panel for django-debug-toolbar: the flame graph of a request.

``"pyflame.djdt.panel.FlamegraphPanel"`` goes into ``DEBUG_TOOLBAR_PANELS``. How a request's part is
told from everything else that a server does at the same time is in :mod:`pyflame._scopes`.
"""
