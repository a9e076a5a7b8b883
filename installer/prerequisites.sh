#!/usr/bin/env bash
# prerequisites.sh build|run|demo|test|bench|release ...
# Checks what these need, installs from Debian what the machine lacks, and nothing else.
# What cannot be had is said in one sentence on stderr, and the exit code is 1.
set -euo pipefail
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin

# What it is for, what shows that it is there (a command, a file, or a library), the Debian package that brings it.
needs='
build    clang                          clang
build    llvm-strip                     llvm
build    /usr/include/bpf/bpf_helpers.h libbpf-dev
build    /usr/include/linux/bpf.h       linux-libc-dev
build    node                           nodejs
build    npm                            npm
run      lib:libbpf.so.1                libbpf1
run      ip                             iproute2
run      iptables-restore               iptables
run      nft                            nftables
run      setpriv                        util-linux
demo     nginx                          nginx
demo     redis-server                   redis-server
demo     curl                           curl
test     nginx                          nginx
test     redis-server                   redis-server
test     redis-cli                      redis-tools
test     curl                           curl
test     wrk                            wrk
test     h2load                         nghttp2-client
test     ps                             procps
test     /usr/lib/cni/bridge            containernetworking-plugins
test     runc                           runc
test     bpftool                        bpftool
test     python3                        python3
test     kubectl                        kubernetes-client
test     zsh                            zsh
test     promtool                       prometheus
test     containerd                     containerd
test     chromium                       chromium
test     /usr/share/doc/busybox-static  busybox-static
test     /usr/share/containers/seccomp.json golang-github-containers-common
bench    nginx                          nginx
bench    haproxy                        haproxy
bench    wrk                            wrk
bench    h2load                         nghttp2-client
bench    /usr/lib/nginx/modules/ngx_stream_module.so libnginx-mod-stream
bench    curl                           curl
bench    cc                             gcc
bench    /usr/include/stdio.h           libc6-dev
bench    kill                           procps
release  clang                          clang
release  /usr/include/zlib.h            zlib1g-dev
'

# Packages whose install starts a server. NodeMesh runs its own, in its own namespaces, and wants none on the machine.
services='nginx redis-server haproxy prometheus containerd'

fail() { echo "nodemesh: $*" >&2; exit 1; }

there() {
	case $1 in
	/*) [ -e "$1" ] ;;
	lib:*) ldconfig -p | grep -qF "${1#lib:}" ;;
	*) command -v "$1" >/dev/null ;;
	esac
}

[ "$(uname -s)" = Linux ] || fail "it steers traffic with the Linux kernel, and this is $(uname -s): use a Linux machine."
case $(uname -m) in x86_64 | aarch64) ;; *) fail "it is built for x86-64 and arm64, and this machine is $(uname -m)." ;; esac

for purpose; do
	case $purpose in
	build | release)
		command -v dotnet >/dev/null ||
			fail "the .NET 10 SDK is missing (no 'dotnet' on the PATH): install it as https://dot.net/download says, then run this again."
		dotnet --list-sdks | grep -q '^10\.' ||
			fail "the .NET 10 SDK is missing ('dotnet --list-sdks' shows none of version 10): install it as https://dot.net/download says, then run this again."
		;;
	run)
		[ "$(id -u)" = 0 ] || fail "it makes network namespaces and loads eBPF programs, which only root may: run it with sudo."
		;;
	demo | test | bench) ;;
	*) fail "'$purpose' is nothing this script knows: build, run, demo, test, bench, release." ;;
	esac
done

missing=()
while read -r purpose probe package; do
	[[ -n $purpose && " $* " == *" $purpose "* ]] || continue
	[[ " ${missing[*]-} " == *" $package "* ]] || there "$probe" || missing+=("$package")
done <<<"$needs"
[ ${#missing[@]} -gt 0 ] || exit 0

command -v apt-get >/dev/null ||
	fail "this machine lacks what Debian calls ${missing[*]}, and has no apt-get: install them with its own package manager, then run this again."
[ "$(id -u)" = 0 ] ||
	fail "packages are missing: install them with 'sudo apt-get install ${missing[*]}', then run this again."

# Keeps the packages from starting their servers during the install (Debian Policy 9.3.3.1).
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
	trap 'rm -f $policy' EXIT
	printf '#!/bin/sh\nexit 101\n' >$policy
	chmod 755 $policy
fi

echo "installing from Debian: ${missing[*]}"
log=$(mktemp)
export DEBIAN_FRONTEND=noninteractive
if ! { apt-get -q update && apt-get -qy install --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
	tail -n 20 "$log" >&2
	fail "apt-get could not install ${missing[*]} (its last lines are above, all of them in $log): mend that, then run this again."
fi
rm -f "$log"

# Nor shall they start with the machine from now on.
for service in $services; do
	if [[ " ${missing[*]} " == *" $service "* && -d /run/systemd/system ]]; then
		systemctl -q disable --now "$service" || echo "nodemesh: 'systemctl disable --now $service' failed: it may start with this machine." >&2
	fi
done
