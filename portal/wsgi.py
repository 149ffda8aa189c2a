"""WSGI entry point, served by granian."""

import gc
import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

application = get_wsgi_application()

# What was loaded stays: the collector need not look through it. A page makes some thousand objects
# and leaves hardly a cycle: at the collector's own pace a tenth of a large page went into looking.
gc.collect()
gc.freeze()
gc.set_threshold(10_000, 20, 20)
