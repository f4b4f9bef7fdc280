# belfry's build. `make help` lists the targets; ARCHITECTURE.md (The build) tells why it is shaped so.
#
# One archive a layer, one folder a variant, a stamp a unit test. Wildcards: a new file needs no edit here. A unit test
# is linked with its layer and the layers below it only, so an upward call does not link. Variables that ask
# pkg-config stay lazy (=): on a fresh machine `make run` and `make test` install it first.
VARIANT ?= dev# dev release asan tsan coverage fuzz
PKGS := jansson sqlite3 libpq openssl libidn2 libcurl
# Debian's node-llhttp gives sources, not a library.
LLHTTP_SRC ?= /usr/share/llhttp
LLHTTP_INC ?= /usr/share/include
PREFIX ?= /usr/local
export ASAN_OPTIONS ?= detect_stack_use_after_return=1
export UBSAN_OPTIONS ?= print_stacktrace=1
FUZZ_SECONDS ?= 5
O := build/$(VARIANT)
TOPDOWN := $(filter-out main,$(shell tac src/LAYERS | sed 's/:.*//'))
$(foreach l,$(TOPDOWN),$(eval uses_$(l) := $(shell sed -n 's/^$(l)://p' src/LAYERS)))

ifeq ($(origin CC),default)
CC := $(if $(filter fuzz,$(VARIANT)),clang,gcc)
endif
WARN := -Wall -Wextra -Wshadow -Wvla -Wmissing-prototypes -Werror
SAN_asan := -fsanitize=address,undefined -fno-sanitize-recover=all
SAN_tsan := -fsanitize=thread -fno-sanitize-recover=all
SAN_fuzz := -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all
SAN_coverage := --coverage
OPT_coverage := -O0
OPT_asan := -O1
OPT_tsan := -O1
OPT_fuzz := -O1
FLAGS := -g $(or $(OPT_$(VARIANT)),-O2) -fno-omit-frame-pointer $(SAN_$(VARIANT)) -pthread
CFLAGS = -std=gnu2x -D_GNU_SOURCE -fPIC $(WARN) $(FLAGS) -Isrc -Iinclude -I$(O) -isystem $(LLHTTP_INC) $(PKG_CFLAGS)
LDFLAGS = $(FLAGS) -rdynamic
LIBS = $(PKG_LIBS) -ldl -lm
PKG_CFLAGS = $(eval PKG_CFLAGS := $(shell pkg-config --cflags $(PKGS)))$(PKG_CFLAGS)
PKG_LIBS = $(eval PKG_LIBS := $(shell pkg-config --libs $(PKGS)))$(PKG_LIBS)

Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-5s %s\n' $(1) $(patsubst $(O)/%,%,$@);)
sub = +@$(MAKE) --no-print-directory $(if $(findstring -j,$(MAKEFLAGS)),,-j$(shell nproc))

srcs = $(wildcard src/$(1)/*.c)
objs = $(patsubst src/%.c,$(O)/%.o,$(call srcs,$(1))) $(if $(filter api,$(1)),$(O)/web_assets.o)
closure = $(sort $(1) $(foreach l,$(uses_$(1)),$(call closure,$(l))))
archives = $(foreach l,$(filter $(call closure,$(1)),$(TOPDOWN)),$(O)/lib$(l).a) $(if $(filter net,$(call closure,$(1))),$(LLHTTP))
# $(call stamp,WORDS): writes WORDS into the target, but touches it only when they differ from what it holds.
stamp = @mkdir -p $(@D); echo '$(1)' | cmp -s - $@ || echo '$(1)' > $@

LLHTTP := $(O)/llhttp/libllhttp.a
EXAMPLES := $(patsubst examples/jobs/%/main.c,$(O)/examples/%.so,$(wildcard examples/jobs/*/main.c))
all: $(O)/belfry $(EXAMPLES)

$(O)/belfry: $(O)/main.o $(patsubst %,$(O)/lib%.a,$(TOPDOWN)) $(LLHTTP)
	$(call say,LINK)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LIBS)

$(O)/%.o: src/%.c $(O)/flags
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) $(CFLAGS) -MMD -MP -c -o $@ $<

$(O)/examples/%.so: examples/jobs/%/main.c $(wildcard include/*.h) $(O)/flags
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) $(CFLAGS) -shared -o $@ $<

# Not our code: no warnings, and out of the sight of tools/layers and tools/lint.
$(O)/llhttp/%.o: $(LLHTTP_SRC)/%.c $(O)/flags
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) $(FLAGS) -fPIC -w -DLLHTTP_STRICT_MODE=1 -I$(LLHTTP_INC)/llhttp -c -o $@ $<
$(LLHTTP): $(O)/llhttp/llhttp.o $(O)/llhttp/api.o $(O)/llhttp/http.o
	$(call say,AR)
	$(Q)rm -f $@ && ar rcs $@ $^

$(O)/flags: FORCE
	$(call stamp,$(CC) $(CFLAGS) $(LDFLAGS) $(LIBS))

define layer_rules
$(O)/lib$(1).a: $(call objs,$(1)) $(O)/$(1).files
	$$(call say,AR)
	$$(Q)rm -f $$@ && ar rcs $$@ $(call objs,$(1))
$(O)/$(1).files: FORCE
	$$(call stamp,$(call srcs,$(1)))
$(O)/unit/$(1)/%_test: test/unit/$(1)/%_test.c $(call archives,$(1)) $(O)/flags
	@mkdir -p $$(@D)
	$$(call say,TEST)
	$$(Q)$$(CC) $$(CFLAGS) -Itest/unit -MMD -MP -MF $$@.d -MT $$@ $$(LDFLAGS) -o $$@ $$< $(call archives,$(1)) $$(LIBS) -lcmocka
endef
$(foreach l,$(TOPDOWN),$(eval $(call layer_rules,$(l))))

# The docs page: URL=FILE pairs that tools/embed turns into one object of the api layer.
SWAGGER := node_modules/swagger-ui-dist
WEB := /docs=web/docs.html $(foreach f,$(filter-out web/docs.html,$(wildcard web/*)),/docs/$(notdir $(f))=$(f)) \
	$(foreach f,swagger-ui.css swagger-ui-bundle.js swagger-ui-bundle.js.LICENSE.txt LICENSE NOTICE,/docs/$(f)=$(SWAGGER)/$(f))
$(O)/web_assets.o: tools/embed $(wildcard web/*) node_modules/.package-lock.json src/api/web.h $(O)/web.files $(O)/flags
	$(call say,EMBED)
	$(Q)tools/embed $(O)/web $(WEB) && $(CC) $(CFLAGS) -c -o $@ $(O)/web/assets.c
$(O)/web.files: FORCE
	$(call stamp,$(WEB))
node_modules/.package-lock.json: package-lock.json
	$(Q)tools/setup page

UNIT_LAYERS ?= *
UNIT := $(wildcard $(UNIT_LAYERS:%=test/unit/%/*_test.c))
check: $(UNIT:test/unit/%.c=$(O)/unit/%.ok) ## unit tests only
units: $(UNIT:test/unit/%.c=$(O)/unit/%)
$(O)/unit/%.ok: $(O)/unit/%
	@timeout 300 $< > $<.log 2>&1 || { cat $<.log; echo "FAILED: $<"; exit 1; }
	@touch $@

# Programs that may use every layer: fuzz targets, benchmarks, helpers of the API tests and of the differential ones.
program = $(patsubst $(1)/%.c,$(O)/programs/%,$(wildcard $(1)/*.c))
define program_rules
$(O)/programs/%: $(1)/%.c $(TOPDOWN:%=$(O)/lib%.a) $(LLHTTP) $(O)/flags
	@mkdir -p $$(@D)
	$$(call say,PROG)
	$$(Q)$$(CC) $$(CFLAGS) -Wno-missing-prototypes -MMD -MP -MF $$@.d -MT $$@ $$(LDFLAGS) $(2) -o $$@ $$< $(TOPDOWN:%=$(O)/lib%.a) $(LLHTTP) $$(LIBS)
endef
$(eval $(call program_rules,test/fuzz,-fsanitize=fuzzer))
$(eval $(call program_rules,test/api))
$(eval $(call program_rules,test/differential))
$(eval $(call program_rules,bench))
# Libraries that tests preload into the server: nothing of ours in them, no sanitizer.
SHIMS := $(patsubst test/shim/%.c,$(O)/programs/%.so,$(wildcard test/shim/*.c))
$(O)/programs/%.so: test/shim/%.c $(O)/flags
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) -std=gnu2x -D_GNU_SOURCE -fPIC $(WARN) -g -O2 -shared -o $@ $< -ldl
# The versions to come, for tests of rolling upgrades: this one, but for the objects that know of versions (test/next).
define next_rules
$(O)/$(1)/%.o: src/%.c $(wildcard test/next/*/*) $(O)/flags
	@mkdir -p $$(@D)
	$$(call say,CC)
	$$(Q)$$(CC) $(2) -Itest/next $$(CFLAGS) -MMD -MP -c -o $$@ $$<
$(O)/programs/belfry_$(1): $(O)/main.o $(patsubst %,$(O)/$(1)/%.o,store/pg_migrate cli/serve cli/version) $(TOPDOWN:%=$(O)/lib%.a) $(LLHTTP)
	@mkdir -p $$(@D)
	$$(call say,LINK)
	$$(Q)$$(CC) $$(LDFLAGS) -o $$@ $$^ $$(LIBS)
endef
$(eval $(call next_rules,next,))
$(eval $(call next_rules,later,-DIS_LATER))
NEXT := $(if $(wildcard test/next),$(O)/programs/belfry_next $(O)/programs/belfry_later)
fuzzers: $(call program,test/fuzz)
helpers: $(call program,test/api) $(call program,test/differential) $(SHIMS) $(NEXT)
benches: $(call program,bench)

run: ## install what is missing, build, start the server; EXAMPLE=NAME schedules examples/jobs/NAME
	@tools/setup run
	$(sub) VARIANT=release all
	@tools/serve build/release/belfry $(EXAMPLE)
# Most API tests wait: what later suites run is built meanwhile. Of the others two share the processors.
test: ## install what is missing, then every test; ends with "N passed, N failed"
	@tools/setup test
	@test/run api+build-unit,build-fuzz unit house+sim,vectors,differential browser+fuzz
# Faults and damages of a disk are many in `make test`; here each kind is there.
asan: ## unit and API tests under AddressSanitizer and UBSan
	@tools/setup test
	@SIM_SEEDS=20 SIM_DAYS=3 KILLS=$${KILLS:-20} FLOOD_MB=$${FLOOD_MB:-64} CORRUPTIONS=$${CORRUPTIONS:-20} VARIANT=asan test/run api+build-unit unit
# Where threads meet: the loop with the launchers and keepers,
TSAN_API := runs adoption commands logs http_jobs serve kill9 chaos
# with the store's writer and reader, also when the disk fails,
TSAN_API += weather bad_disk retention history lists metrics
# with the beat and the tidying of PostgreSQL,
TSAN_API += postgresql nodes cluster cluster_database cluster_faults
# with those who tell of incidents, and with the net thread and its lookups.
TSAN_API += alerts mail alerts_certificates certificate_jobs certificate_inventory tls_check
tsan: ## API tests of what threads share, and unit tests of the layers that have threads, under ThreadSanitizer
	@tools/setup test
	@export UNIT_LAYERS="store exec net sched alert api cli" API="$(TSAN_API)"; \
	SIM_SEEDS=20 SIM_DAYS=3 KILLS=$${KILLS:-10} FLOOD_MB=$${FLOOD_MB:-64} FAULTS=$${FAULTS:-8} CORRUPTIONS=$${CORRUPTIONS:-10} VARIANT=tsan test/run api+build-unit unit
fuzz: ## every fuzz target for FUZZ_SECONDS (5), starting from its corpus
	@FUZZ_SECONDS=$(FUZZ_SECONDS) test/run fuzz
coverage: ## line and branch coverage of the unit tests: build/coverage/index.html
	$(sub) VARIANT=coverage check
	@gcovr -r . --object-directory build/coverage -f src/ --html-details build/coverage/index.html --print-summary
layers: all ## no forbidden arrow between layers, no circle of files
	@tools/layers src $(O)
lint: all ## the measurable rules of STYLE.md
	@tools/lint $(O)
FORMATTED = $(shell git ls-files -co --exclude-standard '*.c' '*.h')
format: ## rewrite every C file as .clang-format says
	@clang-format -i $(FORMATTED)
format-check: ## fail when `make format` would change something
	@clang-format --dry-run --Werror $(FORMATTED)
bench: ## each benchmark in bench/, beside the peers where there are any
	@tools/setup bench
	$(sub) VARIANT=release all benches
	@set -e; for b in $(patsubst bench/%.c,build/release/programs/%,$(wildcard bench/*.c)) $(filter-out bench/peer_%,$(wildcard bench/*.py)); do \
		echo "== $$b"; case $$b in *.py) /usr/bin/python3 $$b build/release/belfry ;; *) $$b ;; esac; done
install: ## into DESTDIR/PREFIX (/usr/local)
	$(sub) VARIANT=release all
	install -D -t $(DESTDIR)$(PREFIX)/bin build/release/belfry
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/include $(wildcard include/*.h)
	install -d $(addprefix $(DESTDIR)$(PREFIX)/share/,man/man1 bash-completion/completions zsh/vendor-completions fish/vendor_completions.d)
	build/release/belfry manual > $(DESTDIR)$(PREFIX)/share/man/man1/belfry.1
	build/release/belfry completion bash > $(DESTDIR)$(PREFIX)/share/bash-completion/completions/belfry
	build/release/belfry completion zsh > $(DESTDIR)$(PREFIX)/share/zsh/vendor-completions/_belfry
	build/release/belfry completion fish > $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/belfry.fish
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/doc/belfry README.md CHANGELOG.md LICENSE $(wildcard docs/*.md)
clean: ## remove everything that was built
	rm -rf build
help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 14

FORCE:
.PHONY: all check units fuzzers helpers benches run test asan tsan fuzz coverage layers lint format format-check bench install clean help FORCE
.SECONDARY:
-include $(shell find $(O) -name '*.d' 2>/dev/null)
