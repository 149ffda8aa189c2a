#!/usr/bin/env python
"""Django's command line for the portal."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    from django.core.management import execute_from_command_line
    from django.db import OperationalError, connection

    try:
        execute_from_command_line(sys.argv)
    except OperationalError as error:
        if "--traceback" in sys.argv or connection.connection is not None:
            raise
        sys.exit(
            f"数据库未连接，请先启动系统（make run）。\nNo database: start it (make run).\n{error}"
        )


if __name__ == "__main__":
    main()
