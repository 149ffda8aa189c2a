#!/bin/sh
# Chromium and a Chinese font for the browser's tests: found, else installed, else named as missing.
set -u

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"
  elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then sudo -n "$@"
  else return 1; fi
}

apt_install() {
  command -v apt-get >/dev/null || return 1
  echo "Installing $* with apt-get"
  as_root env DEBIAN_FRONTEND=noninteractive apt-get update -qq &&
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

browser() {
  [ -n "${CHROMIUM:-}" ] && [ -x "$CHROMIUM" ] && return 0
  for name in chromium chromium-browser google-chrome google-chrome-stable; do
    # Ubuntu's package only fetches a snap, which a container cannot run.
    command -v "$name" >/dev/null && "$name" --version >/dev/null 2>&1 && return 0
  done
  .venv/bin/python - <<'PY' 2>/dev/null
import os, sys
from playwright.sync_api import sync_playwright
with sync_playwright() as playwright:
    sys.exit(not os.path.exists(playwright.chromium.executable_path))
PY
}

chinese_font() {
  command -v fc-list >/dev/null && [ -n "$(fc-list :lang=zh family 2>/dev/null)" ]
}

vendored_font() {
  # The fonts of the generated documents serve, in the user's own folder.
  folder="${XDG_DATA_HOME:-$HOME/.local/share}/fonts/nanjing-grants"
  found=$(find . -path ./.venv -prune -o -path ./var -prune -o -name '*.ttf' -print | head -20)
  [ -n "$found" ] || return 1
  mkdir -p "$folder" && echo "$found" | while read -r font; do cp "$font" "$folder/"; done
  command -v fc-cache >/dev/null && fc-cache -f "$folder"
}

browser || apt_install chromium || .venv/bin/playwright install --with-deps chromium ||
  .venv/bin/playwright install chromium
if ! browser; then
  echo "MISSING: Chromium. Install it (Debian: apt install chromium) or set CHROMIUM to its path." >&2
  exit 1
fi
chinese_font || apt_install fontconfig fonts-noto-cjk || vendored_font
if ! chinese_font; then
  echo "MISSING: a Chinese font; pages would show boxes (Debian: apt install fonts-noto-cjk)." >&2
  exit 1
fi
