#!/usr/bin/env bash
# A stand-in for Lambda's base image where that can't be pulled: a minimal Debian, the Runtime Interface Emulator, an entry point.
# It is of the release that built the functions, so that their C library is there.
#   stand-in.sh <tag> <label> <emulator>
set -euo pipefail
tag=$1 label=$2 emulator=$3

if ! command -v debootstrap >/dev/null; then
    echo "debootstrap is missing: install it (Debian: debootstrap), or pull $tag where there is a network" >&2
    exit 1
fi
. /etc/os-release
release=${VERSION_CODENAME:?this system does not name its release}

root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
# Certificates: the SDK does not start without any.
debootstrap --variant=minbase --include=ca-certificates "$release" "$root"

# Where the public image has them.
install -m 755 -D "$emulator" "$root/usr/local/bin/aws-lambda-rie"
cat >"$root/lambda-entrypoint.sh" <<'ENTRY'
#!/bin/sh
exec /usr/local/bin/aws-lambda-rie /var/task/bootstrap
ENTRY
chmod 755 "$root/lambda-entrypoint.sh"
mkdir -p "$root/var/task" "$root/var/runtime" "$root/opt"

tar -C "$root" -c --exclude ./var/cache/apt --exclude ./var/lib/apt/lists --exclude ./usr/share/doc --exclude ./usr/share/locale --exclude ./usr/share/man . |
    docker import \
        --change 'ENV LAMBDA_TASK_ROOT=/var/task LAMBDA_RUNTIME_DIR=/var/runtime LANG=C.UTF-8 TZ=:UTC' \
        --change 'WORKDIR /var/task' \
        --change 'ENTRYPOINT ["/lambda-entrypoint.sh"]' \
        --change "LABEL $label=\"${PRETTY_NAME:-$release}\"" \
        - "$tag"
