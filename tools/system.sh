#!/bin/sh
# Install what is missing of: postgresql chromium gettext pango. Says what to do where it may not install.
set -eu

missing=
for wanted in "$@"; do
    case $wanted in
        postgresql) ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || command -v initdb >/dev/null || missing="$missing postgresql" ;;
        chromium) command -v chromium >/dev/null || missing="$missing chromium"
            fc-list :lang=zh 2>/dev/null | grep -q . || missing="$missing fonts-noto-cjk fontconfig" ;;
        # For PDF through WeasyPrint; without it documents are Word and print only.
        pango) ldconfig -p 2>/dev/null | grep -q libpangoft2 || missing="$missing libpango-1.0-0 libpangoft2-1.0-0"
            fc-list :lang=zh 2>/dev/null | grep -q . || missing="$missing fonts-noto-cjk fontconfig" ;;
        gettext) command -v msgfmt >/dev/null || missing="$missing gettext" ;;
        *) echo "tools/system.sh does not know $wanted" >&2; exit 2 ;;
    esac
done
[ -z "$missing" ] && exit 0

as_root=
[ "$(id -u)" -eq 0 ] || as_root="sudo -n"
if ! command -v apt-get >/dev/null || { [ -n "$as_root" ] && ! $as_root true 2>/dev/null; }; then
    echo "Missing:$missing. Install these with your system's package manager and run again." >&2
    exit 1
fi
echo "Installing:$missing" >&2
# PostgreSQL's package would start a cluster of its own, which nobody needs here.
export DEBIAN_FRONTEND=noninteractive
$as_root apt-get update -qq
# shellcheck disable=SC2086
$as_root apt-get install -y -qq --no-install-recommends $missing >/dev/null
