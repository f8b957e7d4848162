"""The views of the site, and the toolbar's."""

import views
from debug_toolbar.toolbar import debug_toolbar_urls
from django.urls import path

urlpatterns = [
    path("sync/", views.sync_view),
    path("async/", views.async_view),
    path("hop/", views.hop_view),
    path("gather/", views.gather_view),
    path("stream/", views.stream_view),
    path("async-stream/", views.async_stream_view),
    path("failing/", views.failing_view),
    path("loops/", views.loops_view),
    path("quick/", views.quick_view),
    path("numbered/<int:number>/", views.numbered_view),
    path("numbered-async/<int:number>/", views.numbered_async_view),
    path("state/", views.state),
    *debug_toolbar_urls(),
]
