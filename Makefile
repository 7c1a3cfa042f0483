# What there is to do here; `make` alone lists it. Needs a JDK 25 (found by itself) and Maven.

SHELL := /bin/sh
.DEFAULT_GOAL := help

# Maven with the JDK that .mvn/java-home finds, whatever `java` is.
MVN = home=$$(.mvn/java-home) && \
  { command -v mvn >/dev/null || { echo "No Maven found: install Maven 3.8.7 or newer." >&2; exit 1; }; } && \
  JAVA_HOME=$$home MAVEN_OPTS="--enable-native-access=ALL-UNNAMED --sun-misc-unsafe-memory-access=allow $$MAVEN_OPTS" \
  mvn -B -ntp

# buf as installed, or from npm where that can be reached.
BUF_VERSION = 1.75.0
FIND_BUF = buf=$$(command -v buf || echo "npx --yes @bufbuild/buf@$(BUF_VERSION)"); \
  $$buf --version >/dev/null 2>&1 || { buf=; echo "buf cannot be had: the protos are not looked at"; }

SOURCES := pom.xml $(shell find proto server client -type f -not -path '*/target/*' -not -path 'client/bench/*' -not -path 'client/dist/*')
BENCH_SOURCES := $(shell find client/bench -type f -not -path '*/target/*')
BUILT := target/built
BENCH_BUILT := target/built-bench

.PHONY: help
help: ## list what there is to do
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: demo
demo: $(BUILT) ## rebuild a live index under four readers and count what they notice (INPUT=DIR_OR_ZIP)
	@INPUT="$(INPUT)" client/bin/demo

.PHONY: run
run: $(BUILT) ## run a server on 127.0.0.1:50051 with its data in ./data (ARGS='--listen …')
	@exec server/bin/shadowindex-server $(ARGS)

.PHONY: test
test: ## all tests, those that kill real processes included
	@$(MVN) -Pbench verify
	@mkdir -p target && touch $(BUILT)

N ?= 3000

.PHONY: crash-test
crash-test: ## the long proof: N=3000 kills, a halt at every step, 10,000 switches, 1,000 damages, 20 GB
	@$(MVN) verify -pl proto,server -Dsurefire.failIfNoSpecifiedTests=false \
	  -Dtest=ReadersDuringSwitchesTest,DamageAfterFlipTest,LargeGenerationTest,RivalsTest \
	  -Dshadowindex.switches=10000 -Dshadowindex.reads=1000000 -Dshadowindex.readerPauseMicros=200 -Dshadowindex.damages=1000 \
	  -Dshadowindex.lockHolds=1000 -Dshadowindex.mebibytes=20480 -Dshadowindex.files=100000 \
	  -Dshadowindex.rounds=300 \
	  -Dit.test=KillIT,HaltIT -Dshadowindex.kills=$(N) -Dshadowindex.halts=true

.PHONY: lock-test
lock-test: ## the long proof of locks: 100,000 operations, 1,000 paused holders, 100 rebuilds
	@$(MVN) test -pl proto,server -Dsurefire.failIfNoSpecifiedTests=false \
	  -Dtest=LockManagerTest,LockProofTest -Dshadowindex.lock.core=1000000 \
	  -Dshadowindex.lock.operations=100000 -Dshadowindex.lock.pauses=1000 \
	  -Dshadowindex.lock.rebuilds=100 -Dshadowindex.lock.rehearsed=true -Dshadowindex.lock.warmup=50 \
	  -Dshadowindex.lock.alone.ms=5000 -Dshadowindex.lock.blocked.ms=50 -Dshadowindex.lock.blocked.p99.ms=10

.PHONY: lost-answers
lost-answers: ## the long proof of repeated requests: 10,000 changes over connections that break, none made twice
	@$(MVN) test -pl proto,server,client -Dsurefire.failIfNoSpecifiedTests=false \
	  -Dtest=LostAnswersTest -Dshadowindex.mutations=10000

.PHONY: flood-test
flood-test: ## under 64 connections that flood a server, one that does not is answered within 100 ms (p99)
	@$(MVN) test -pl proto,server -Dsurefire.failIfNoSpecifiedTests=false \
	  -Dtest=FloodTest -Dshadowindex.flood=true

.PHONY: scenarios
scenarios: $(BUILT) ## developers who write while indexes are rebuilt, in three ways (ARGS='--developers 20')
	@client/bin/with-server client/bin/shadowctl scenario $(ARGS)

.PHONY: record-demo
record-demo: $(BUILT) ## record docs/demo.txt, shadowctl watch and top in real terminals (needs tmux)
	@client/bin/record-demo

.PHONY: test-clients
test-clients: $(BUILT) ## recipes, and examples in Python and JavaScript, against real servers (installs what they need)
	@client/examples/install
	@$(MVN) verify -Dsurefire.failIfNoSpecifiedTests=false -Dfailsafe.failIfNoSpecifiedTests=false \
	  -Dtest=none -Dit.test=OtherLanguagesIT,RecipesIT -Dshadowindex.examples=true -Dshadowindex.buf=$(BUF_VERSION)

.PHONY: fuzz
fuzz: ## Jazzer looks for names, manifests and requests that break a promise (MINUTES=10, or SECONDS)
	@$(MVN) -q -Pfuzz test -pl proto,server -Dsurefire.failIfNoSpecifiedTests=false \
	  -Dtest=FuzzTest -Dshadowindex.fuzz.ms=0 -Dshadowindex.fuzz.corpus=target/fuzz
	@server/bin/fuzz $(or $(SECONDS),$$(( $(or $(MINUTES),10) * 60 )))

.PHONY: soak
soak: ## everything at once under kills and faults, then all promises are checked (MINUTES=20)
	@$(MVN) verify -pl proto,server -Dsurefire.failIfNoSpecifiedTests=false \
	  -Dtest=none -Dit.test=SoakIT -Dshadowindex.soak.seconds=$$(( $(or $(MINUTES),20) * 60 ))

.PHONY: watch-test
watch-test: ## the long proof of watches: a million events, 500 cuts, a million reports, 1,000 watchers, kills
	@$(MVN) verify -pl proto,server -Dsurefire.failIfNoSpecifiedTests=false \
	  -Dtest=HistoryTest,WatchLoadTest,FencingTest -Dshadowindex.events=1000000 -Dshadowindex.cuts=500 \
	  -Dshadowindex.watchers=1000 -Dshadowindex.transitions=10000 -Dshadowindex.reports=1000000 \
	  -Dshadowindex.rounds=1000 -Dit.test=WatchKillIT -Dshadowindex.watch.kills=50

.PHONY: bench
bench: $(BENCH_BUILT) ## measure against etcd, bare limits and the system's tools, side by side: target/bench/report.md
	@client/bench/bin/install-peers
	@client/bench/bin/bench --plan full $(ARGS)

.PHONY: bench-quick
bench-quick: $(BENCH_BUILT) ## the same, smaller (ARGS='--only transitions,switch')
	@client/bench/bin/install-peers
	@client/bench/bin/bench --plan quick $(ARGS)

.PHONY: jmh
jmh: ## the server's inner loops one by one, by JMH (ARGS='a regular expression of their names')
	@$(MVN) -Pbench test -pl client/bench -am -Dtest=InnerLoopsTest -Dsurefire.failIfNoSpecifiedTests=false \
	  -Dshadowindex.jmh='$(or $(ARGS),.)'

.PHONY: bench-docs
bench-docs: ## the last report becomes docs/benchmarks.md; its notes stay
	@sed 's|](\([^)]*[.]svg\))|](benchmarks/\1)|' target/bench/report.md >target/bench/docs.md
	@sed -n '/^## Notes/,$$p' docs/benchmarks.md | sed '1s/^/\n/' >>target/bench/docs.md
	@mkdir -p docs/benchmarks && cp target/bench/*.svg docs/benchmarks/
	@mv target/bench/docs.md docs/benchmarks.md

$(BENCH_BUILT): $(SOURCES) $(BENCH_SOURCES)
	@$(MVN) -q -Pbench verify -DskipTests -DskipITs
	@mkdir -p target && touch $(BUILT) $@

.PHONY: build
build: $(BUILT) ## server, shadowctl, descriptor set and protos for other languages

$(BUILT): $(SOURCES)
	@$(MVN) -q verify -DskipTests -DskipITs
	@mkdir -p target && touch $@
	@echo "built: server/bin/shadowindex-server, client/bin/shadowctl,"
	@echo "       proto/target/shadowindex.binpb (descriptor set), proto/target/protos (with imports)"

.PHONY: dist
dist: ## one tar.gz that runs with a JDK 25 alone: client/dist/target/shadowindex-VERSION.tar.gz
	@umask 022 && $(MVN) -q -Pdist package -Dmaven.test.skip=true -pl client/dist -am # jars keep the modes of classes
	@sha256sum client/dist/target/shadowindex-*.tar.gz

.PHONY: dist-test
dist-test: ## make it twice, compare the bytes, unpack it elsewhere and run it
	@client/dist/bin/dist-test

.PHONY: check
check: ## formatting, Error Prone, NullAway, the package map; lint and compatibility of the protos (buf)
	@$(MVN) -q -Pbench spotless:check
	@$(MVN) -q -Pbench test -Dtest='*ArchitectureTest,LifecycleTest,ServerConfigTest' -Dsurefire.failIfNoSpecifiedTests=false
	@$(MVN) -q generate-sources -pl proto -Papi-reference
	@sort proto/target/api/api.md >target/api.sorted # in whatever order the files came
	@sort docs/api.md | cmp -s - target/api.sorted || { echo "docs/api.md is not what the protos say: make format" >&2; exit 1; }
	@$(FIND_BUF); cd proto; [ -z "$$buf" ] || { $$buf lint && \
	  $$buf format --diff --exit-code src/main/proto && $$buf breaking --against released.binpb; }

.PHONY: format
format: ## mend what `make check` refuses and a machine can mend
	@$(MVN) -q -Pbench spotless:apply
	@$(MVN) -q test -pl proto,server -Dtest=LifecycleTest,ServerConfigTest -Dshadowindex.docs=write -Dsurefire.failIfNoSpecifiedTests=false
	@$(FIND_BUF); cd proto; [ -z "$$buf" ] || $$buf format --write src/main/proto
	@$(MVN) -q generate-sources -pl proto -Papi-reference
	@cp proto/target/api/api.md docs/api.md

.PHONY: release-contract
release-contract: ## the contract as it is now is what later ones must be compatible with
	@$(MVN) -q package -pl proto
	@$(FIND_BUF); cd proto; [ -n "$$buf" ] && \
	  $$buf build --exclude-source-info --path src/main/proto/shadowindex -o released.binpb

.PHONY: clean
clean: ## delete everything that was built
	@$(MVN) -q -Pbench clean
	@rm -rf target
