# Sourced by ./check, ./demo and tests/e2e/run.sh: what a Debian 12 machine must have, and getting
# it. Offline and quick when it is all there.

PACKAGES_BUILD="gcc libc6-dev binutils cmake ninja-build pkg-config libuv1-dev libsodium-dev
  libmsgpack-dev libsqlite3-dev libutf8proc-dev libinih-dev libsystemd-dev libsmartcols-dev
  libjansson-dev libqrencode-dev scdoc"
PACKAGES_CHECK="$PACKAGES_BUILD libcmocka-dev python3 clang clang-format libclang-rt-14-dev llvm
  valgrind neovim procps iproute2 util-linux"

# missing_packages NAME...: those that are not installed.
missing_packages() {
  local name
  for name in "$@"; do
    case $(dpkg-query -W -f='${db:Status-Status} ' "$name" 2>/dev/null) in
      installed*) ;;
      *) echo "$name" ;; # not-installed, config-files, or never heard of
    esac
  done
}

# need_packages NAME...: installs what is missing, as root or through sudo.
need_packages() {
  local missing as_root=()
  if ! command -v dpkg-query >/dev/null; then
    echo "This is not Debian. If the build fails, look for: $*" >&2
    return 0
  fi
  missing=$(missing_packages "$@")
  [ -n "$missing" ] || return 0
  if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
      echo "Missing packages, and neither root nor sudo to install them:" $missing >&2
      return 1
    fi
    as_root=(sudo)
  fi
  echo "Installing:" $missing >&2
  as_root+=(env DEBIAN_FRONTEND=noninteractive)
  "${as_root[@]}" apt-get -qq -o Acquire::Retries=3 update >&2 || return 1
  "${as_root[@]}" apt-get -qq -y -o Acquire::Retries=3 -o Dpkg::Use-Pty=0 \
    --no-install-recommends install $missing >&2
}
