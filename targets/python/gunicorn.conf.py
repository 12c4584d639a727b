"""Configure gunicorn for Flask: `gunicorn -c gunicorn.conf.py servers.flask_app:app`."""

import os

from servers.settings import DRAIN_SECONDS, KEEP_ALIVE_SECONDS, settings

bind = f"{settings.host}:{settings.port}"
workers = settings.workers
worker_class = "gthread"
threads = settings.threads
keepalive = KEEP_ALIVE_SECONDS
graceful_timeout = DRAIN_SECONDS
accesslog = None
# The workers' heartbeat is a file. It is in memory if possible, and never in this folder.
worker_tmp_dir = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
control_socket_disable = True
