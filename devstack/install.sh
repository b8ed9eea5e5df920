#!/bin/sh
# Makes the Python environment of the checkout from requirements.lock, every file checked against its hash.
set -eu

"$PYTHON" - <<'CHECK'
import sys
if sys.version_info < (3, 11):
    sys.exit(f"Joinedup needs Python 3.11 or newer; {sys.executable} is {sys.version.split()[0]}. Try make PYTHON=python3.12")
CHECK

here=$(pwd)
# An environment that was made in another folder, or whose Python has gone, is of no use.
if ! "$VENV/bin/python" -c '' 2>/dev/null || [ "$(cat "$VENV/.made-in" 2>/dev/null || pwd)" != "$here" ]; then
    rm -rf "$VENV"
    "$PYTHON" -m venv "$VENV" || {
        echo "python -m venv failed: on Debian and Ubuntu it takes the package python3-venv" >&2
        exit 1
    }
fi
rm -f "$VENV"/.installed-*
echo "$here" >"$VENV/.made-in"

# uv, itself from the lock, installs the rest in seconds. It does not read pip's settings: where packages are reached
# only by those (a mirror, an authority of one's own), pip does it.
only_uv=$(mktemp)
trap 'rm -f "$only_uv"' EXIT
sed -n '/^uv==/,/^[^ ]/{/^uv==/p;/^    --hash/p;}' requirements.lock >"$only_uv"
if ! [ -x "$VENV/bin/uv" ]; then
    echo "Installing uv"
    "$VENV/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r "$only_uv"
fi
echo "Installing the packages of requirements.lock"
if ! UV_HTTP_TIMEOUT=180 "$VENV/bin/uv" pip install --quiet --python "$VENV/bin/python" --require-hashes -r requirements.lock; then
    echo "uv could not; trying pip"
    "$VENV/bin/python" -m ensurepip --upgrade >/dev/null
    "$VENV/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
fi

# The project itself is not built: two import roots and a command are all there is to installing it.
packages=$("$VENV/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
printf '%s\n%s\n' "$here" "$here/gen" >"$packages/joinedup.pth"
cat >"$VENV/bin/joinedup" <<COMMAND
#!/bin/sh
exec "$here/$VENV/bin/python" -m cli "\$@"
COMMAND
chmod +x "$VENV/bin/joinedup"
