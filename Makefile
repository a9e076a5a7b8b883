# NodeMesh. Each target installs what it needs and the machine lacks (Debian, root), builds, and runs.
#
#   make demo      a mesh on this machine for a minute: pods, traffic, a table that moves
#   make test      every test, on real network namespaces
#   make bench     NodeMesh beside HAProxy, nginx and the direct connection, one table
#   make build     out/nodemesh, out/nodemesh-agent, out/nodemesh-cni, out/nodemesh-proxy
#   make release   the same four as native binaries, in out/release; RID=linux-arm64 or linux-x64: for that, in out/release-RID
#   make clean

SHELL := /bin/bash
.DELETE_ON_ERROR:
.PHONY: help build demo test bench release clean

NEEDS := installer/prerequisites.sh
PROGRAMS := installer/NodeMesh.Cli agent/NodeMesh.Agent agent/NodeMesh.Cni proxy/NodeMesh.Proxy
RELEASE := out/release$(RID:%=-%)
PUBLISH := dotnet publish -c Release -v quiet -nologo

help:
	@sed -n '3,9s/^# \{0,1\}//p' Makefile

build:
	@$(NEEDS) build
	@agent/console/build
	@$(foreach program,$(PROGRAMS),$(PUBLISH) $(program) --self-contained false -p:PublishSingleFile=true -p:PublishReadyToRun=true -o out &&) \
	echo "built out/nodemesh, out/nodemesh-agent, out/nodemesh-cni, out/nodemesh-proxy"

demo:
	@$(NEEDS) build run demo
	@$(MAKE) --no-print-directory build
	@out/nodemesh demo $(ARGS)

test:
	@$(NEEDS) build run test
	@$(MAKE) --no-print-directory build
	@tests/run $(ARGS)

bench:
	@$(NEEDS) build run bench
	@$(MAKE) --no-print-directory build
	@dotnet run -c Release --project tests/bench -- $(ARGS)

release:
	@$(NEEDS) build release
	@agent/console/build
	@$(foreach program,$(PROGRAMS),$(PUBLISH) $(program) $(RID:%=-p:RuntimeIdentifier=%) --self-contained true -p:PublishAot=true -o $(RELEASE) &&) \
	rm -f $(RELEASE)/*.dbg && echo "built $(RELEASE)/nodemesh, nodemesh-agent, nodemesh-cni, nodemesh-proxy"

clean:
	rm -rf out agent/console/dist agent/console/node_modules
	find agent installer proxy tests \( -name bin -o -name obj \) -type d -prune -exec rm -rf {} +
