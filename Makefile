# What there is to do here; `make` alone lists it. Needs a JDK 25 (found by itself) and Maven.

SHELL := /bin/sh
.DEFAULT_GOAL := help

# Maven with the JDK that .mvn/java-home finds, whatever `java` is.
MVN = home=$$(.mvn/java-home) && \
  { command -v mvn >/dev/null || { echo "No Maven found: install Maven 3.8.7 or newer." >&2; exit 1; }; } && \
  JAVA_HOME=$$home MAVEN_OPTS="--enable-native-access=ALL-UNNAMED --sun-misc-unsafe-memory-access=allow $$MAVEN_OPTS" \
  mvn -B -ntp

SOURCES := pom.xml $(shell find proto server client -type f -not -path '*/target/*')
BUILT := target/built

.PHONY: help
help: ## list what there is to do
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: demo
demo: $(BUILT) ## rebuild a live index under four readers and count what they notice (INPUT=DIR_OR_ZIP)
	@INPUT="$(INPUT)" client/bin/demo

.PHONY: run
run: $(BUILT) ## run a server on 127.0.0.1:50051 with its data in ./data (ARGS='--listen …')
	@exec server/bin/shadowindex-server $(ARGS)

.PHONY: test
test: ## all tests, those that kill real processes included
	@$(MVN) verify
	@mkdir -p target && touch $(BUILT)

N ?= 3000

.PHONY: crash-test
crash-test: ## the long proof: N=3000 kills of real servers, 10,000 switches, 1,000 damaged generations
	@$(MVN) verify -pl proto,server -Dsurefire.failIfNoSpecifiedTests=false \
	  -Dtest=ReadersDuringSwitchesTest,DamageAfterFlipTest -Dshadowindex.switches=10000 \
	  -Dshadowindex.damages=1000 \
	  -Dit.test=KillIT -Dshadowindex.kills=$(N)

.PHONY: watch-test
watch-test: ## the long proof of watches: a million events, 500 cuts, a million reports, 1,000 watchers
	@$(MVN) test -pl proto,server -Dsurefire.failIfNoSpecifiedTests=false \
	  -Dtest=HistoryTest,WatchLoadTest,FencingTest -Dshadowindex.events=1000000 -Dshadowindex.cuts=500 \
	  -Dshadowindex.watchers=1000 -Dshadowindex.transitions=10000 -Dshadowindex.reports=1000000 \
	  -Dshadowindex.rounds=1000

.PHONY: build
build: $(BUILT) ## server, shadowctl, descriptor set and protos for other languages

$(BUILT): $(SOURCES)
	@$(MVN) -q verify -DskipTests -DskipITs
	@mkdir -p target && touch $@
	@echo "built: server/bin/shadowindex-server, client/bin/shadowctl,"
	@echo "       proto/target/shadowindex.binpb (descriptor set), proto/target/protos (with imports)"

.PHONY: check
check: ## formatting, Error Prone, NullAway, the package map, proto lint (if buf is installed)
	@$(MVN) -q spotless:check
	@$(MVN) -q test -Dtest='*ArchitectureTest,LifecycleTest' -Dsurefire.failIfNoSpecifiedTests=false
	@if command -v buf >/dev/null; then cd proto && buf lint && buf format --diff --exit-code src/main/proto; \
	else echo "buf is not installed: protos not linted"; fi

.PHONY: format
format: ## mend what `make check` refuses and a machine can mend
	@$(MVN) -q spotless:apply
	@$(MVN) -q test -pl proto,server -Dtest=LifecycleTest -Dshadowindex.docs=write -Dsurefire.failIfNoSpecifiedTests=false
	@if command -v buf >/dev/null; then cd proto && buf format --write src/main/proto; fi

.PHONY: clean
clean: ## delete everything that was built
	@$(MVN) -q clean
	@rm -rf target
