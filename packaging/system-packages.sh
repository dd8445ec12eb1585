#!/bin/sh
# Installs what Qt and Python need from the system on Debian and Ubuntu. It looks first and does nothing when all is
# there; it asks for root only when something is missing. On other systems it says what to install.
set -u

missing=""
need() { # need <library as the loader names it> <Debian package>
    if ! ldconfig -p 2>/dev/null | grep -q "$1" && ! /sbin/ldconfig -p 2>/dev/null | grep -q "$1"; then
        missing="$missing $2"
    fi
}
need libEGL.so.1 libegl1
need libGL.so.1 libgl1
need libxkbcommon.so.0 libxkbcommon0
need libxkbcommon-x11.so.0 libxkbcommon-x11-0
need libfontconfig.so.1 libfontconfig1
need libfreetype.so.6 libfreetype6
need libdbus-1.so.3 libdbus-1-3
need libglib-2.0.so.0 libglib2.0-0
need libxcb-cursor.so.0 libxcb-cursor0
need libxcb-icccm.so.4 libxcb-icccm4
need libxcb-image.so.0 libxcb-image0
need libxcb-keysyms.so.1 libxcb-keysyms1
need libxcb-randr.so.0 libxcb-randr0
need libxcb-render-util.so.0 libxcb-render-util0
need libxcb-shape.so.0 libxcb-shape0
need libxcb-xinerama.so.0 libxcb-xinerama0
need libxcb-xkb.so.1 libxcb-xkb1
need libgomp.so.1 libgomp1
need libstdc++.so.6 libstdc++6
python="${PYTHON:-python3}"
"$python" -c 'import ensurepip, venv' 2>/dev/null || missing="$missing python3-venv"
[ -e /etc/ssl/certs/ca-certificates.crt ] || [ -d /etc/pki ] || missing="$missing ca-certificates"
# A font for Latin and one for Chinese: without them a picture shows boxes.
fonts=$(fc-list 2>/dev/null || find /usr/share/fonts -name '*.tt?' -o -name '*.otf' 2>/dev/null)
case "$fonts" in *DejaVu*|*Inter*|*Noto\ Sans*|*NotoSans*|*Liberation*) ;; *) missing="$missing fonts-inter" ;; esac
case "$fonts" in *CJK*|*WenQuanYi*|*Han*) ;; *) missing="$missing fonts-noto-cjk" ;; esac

[ -z "$missing" ] && exit 0
# Nice to have, and no reason to ask for root: the typeface that the studio is drawn for.
case "$fonts" in *Inter*) ;; *) missing="$missing fonts-inter" ;; esac

if ! command -v apt-get >/dev/null 2>&1; then
    echo "Some system libraries were not found. Install what your system calls these Debian packages:$missing" >&2
    # Names differ between systems; a library in an unusual place may be there all the same, so go on.
    exit 0
fi
root=""
if [ "$(id -u)" != 0 ]; then
    if command -v sudo >/dev/null 2>&1; then
        root="sudo"
    else
        echo "Missing system packages; as root, run: apt-get install$missing" >&2
        exit 1
    fi
fi
echo "Installing system packages:$missing" >&2
# shellcheck disable=SC2086
$root apt-get update -qq >&2 &&
    DEBIAN_FRONTEND=noninteractive $root apt-get install -y -qq --no-install-recommends $missing >/dev/null
