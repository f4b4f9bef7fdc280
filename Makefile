# belfry's build: one archive a layer, one folder a variant, a stamp a unit test. `make help` lists the targets.
VARIANT ?= dev
O := build/$(VARIANT)
LAYERS := base time trigger job net store exec sched api cli
PKGS := libmicrohttpd jansson sqlite3 openssl
CFLAGS_dev := -O1 -g
CFLAGS_release := -O2 -g
CFLAGS_asan := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
CFLAGS_tsan := -O1 -g -fsanitize=thread -fno-sanitize-recover=all
CFLAGS_coverage := -O0 -g --coverage
CFLAGS_fuzz := -O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all
CC := $(if $(filter fuzz,$(VARIANT)),clang,gcc)
WARN := -Wall -Wextra -Wshadow -Wvla -Wmissing-prototypes -Werror
CFLAGS := -std=gnu2x -D_GNU_SOURCE -fPIC -pthread $(WARN) $(CFLAGS_$(VARIANT)) -Isrc -Iinclude -I$(O) $(shell pkg-config --cflags $(PKGS))
LDFLAGS := -pthread -rdynamic $(CFLAGS_$(VARIANT))
LIBS := $(shell pkg-config --libs $(PKGS)) -ldl -lm

src_of = $(wildcard src/$(1)/*.c)
objs_of = $(patsubst src/%.c,$(O)/%.o,$(call src_of,$(1)))
archive_of = $(O)/lib$(1).a
# The layers below layer $(1), itself first, nearest first: link order.
reverse = $(if $(1),$(call reverse,$(wordlist 2,999,$(1))) $(firstword $(1)))
upto = $(call reverse,$(shell echo $(LAYERS) | sed 's/\b$(1)\b.*/$(1)/'))
archives_upto = $(foreach l,$(call upto,$(1)),$(call archive_of,$(l)))

all: $(O)/belfry

$(O)/belfry: $(O)/main.o $(foreach l,$(call reverse,$(LAYERS)),$(call archive_of,$(l)))
	$(CC) $(LDFLAGS) -o $@ $^ $(LIBS)

$(O)/%.o: src/%.c $(O)/flags
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -MMD -MP -c -o $@ $<

$(O)/flags: FORCE
	@mkdir -p $(@D)
	@echo '$(CC) $(CFLAGS) $(LDFLAGS)' | cmp -s - $@ || echo '$(CC) $(CFLAGS) $(LDFLAGS)' > $@

define layer_rules
$(O)/lib$(1).a: $(call objs_of,$(1)) $(O)/$(1).files
	@rm -f $$@
	ar rcs $$@ $(call objs_of,$(1))
$(O)/$(1).files: FORCE
	@mkdir -p $$(@D)
	@echo '$(call src_of,$(1))' | cmp -s - $$@ || echo '$(call src_of,$(1))' > $$@
$(O)/unit/$(1)/%_test: test/unit/$(1)/%_test.c $(call archives_upto,$(1)) $(O)/flags
	@mkdir -p $$(@D)
	$$(CC) $$(CFLAGS) -Itest/unit -MMD -MP $$(LDFLAGS) -o $$@ $$< $(call archives_upto,$(1)) $$(LIBS) -lcmocka
endef
$(foreach l,$(LAYERS),$(eval $(call layer_rules,$(l))))

UNIT := $(wildcard test/unit/*/*_test.c)
check: $(patsubst test/unit/%.c,$(O)/unit/%.ok,$(UNIT))

$(O)/unit/%.ok: $(O)/unit/%
	@$< > $<.log 2>&1 || { cat $<.log; echo "FAILED: $<"; exit 1; }
	@touch $@

format:
	clang-format -i $(shell git ls-files -co --exclude-standard 'src/*.[ch]' 'include/*.h' 'test/*.[ch]' 'bench/*.[ch]' 'examples/*.[ch]')

clean:
	rm -rf build

FORCE:
.PHONY: all check format clean FORCE
.SECONDARY:
-include $(shell find $(O) -name '*.d' 2>/dev/null)
