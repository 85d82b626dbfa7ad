# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# upsec: one Makefile, everything built under build/.
#   make            programs and BPF object: build/upsecd, build/upsec
#   make demo       the main job on real media (root); LANE=udp|xdp
#   make check      all tests (root), see tests/README.md; last line: N passed, N failed, N skipped
#   make lint       formatter, warnings, static analysis, dependency table, scripts, man pages
#   make fuzz       FUZZ=name TIME=60: a new search; what was found once is replayed by `make check`
#   make install    DESTDIR, PREFIX
#   V=1             show the commands;  SANITIZE=1: build/san/, with address and undefined behaviour sanitizers
#
# Missing packages are installed first (scripts/setup), then make starts itself again.

PREFIX ?= /usr/local
DESTDIR ?=
LANE ?= xdp
TIME ?= 60
VERSION := 0.1.0

all: programs
.DELETE_ON_ERROR:
.SUFFIXES:
.PHONY: all programs bpf units bpf-tests unit-tests e2e-programs fuzz-replay fuzzers fuzz bench-programs demo check lint install clean FORCE

# ---- variants ----------------------------------------------------------------------------------------------------
ifdef FUZZING
B := build/fuzz
override CC := $(shell scripts/setup --clang)
SANFLAGS := -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
else ifdef SANITIZE
B := build/san
SANFLAGS := -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
else
B := build
SANFLAGS := -D_FORTIFY_SOURCE=2
endif
ifeq ($(origin CC),default)
CC := gcc
endif

ifeq ($(V),1)
Q :=
say := @:
else
Q := @
say := @printf '  %-7s %s\n'
MAKEFLAGS += --no-print-directory
endif

# As many jobs as there are processors, unless told.
ifeq ($(MAKELEVEL),0)
ifeq ($(findstring -j,$(MAKEFLAGS)),)
MAKEFLAGS += -j$(shell nproc)
endif
endif

# ---- what the machine has: written by scripts/setup, which make runs before anything else -------------------------
GOALS := $(or $(MAKECMDGOALS),all)
SETUP := build
SETUP += $(if $(filter check e2e-programs units bpf-tests unit-tests fuzz-replay bench-programs build/tests/% build/san/tests/% build/bench/%,$(GOALS)),test)
SETUP += $(if $(filter demo e2e-programs,$(GOALS)),demo)
SETUP += $(if $(filter lint,$(GOALS)),lint test)
SETUP += $(if $(filter check,$(GOALS)),vm)
SETUP += $(if $(filter fuzz fuzzers,$(GOALS)),fuzz)

ifneq ($(filter-out clean,$(GOALS)),)
-include build/setup.mk
build/setup.mk: FORCE
	@scripts/setup --quiet --make $@ $(SETUP)
endif
ifneq ($(and $(filter clean,$(GOALS)),$(filter-out clean,$(GOALS))),)
.NOTPARALLEL:
endif

# ---- flags -------------------------------------------------------------------------------------------------------
WARN := -Wall -Wextra -Wshadow -Wvla -Wimplicit-fallthrough -Wstrict-prototypes -Wmissing-prototypes \
	-Wformat=2 -Wpointer-arith -Wwrite-strings
CPPFLAGS += -D_GNU_SOURCE -DUPS_VERSION='"$(VERSION)"' -DUPS_PREFIX='"$(PREFIX)"' -Iinclude -Idaemon -I$(B)/gen \
	$(if $(HAVE_IPSEC_MB),-DUPS_HAVE_IPSEC_MB) $(PKG_CFLAGS)
CFLAGS ?= -O2 -g
CFLAGS += -std=gnu11 $(WARN) -Werror -fstack-protector-strong $(SANFLAGS)
LDFLAGS += -Wl,-z,relro,-z,now -Wl,--as-needed $(filter -fsanitize=%,$(SANFLAGS))
LDLIBS = $(PKG_LIBS) $(if $(HAVE_IPSEC_MB),-lIPSec_MB) -lpthread
TEST_CPPFLAGS = $(CPPFLAGS) -Itests/lib -Itests

ARCH := $(shell uname -m)
BPF_ARCH := $(subst x86_64,x86,$(subst aarch64,arm64,$(ARCH)))
BPF_CFLAGS := -O2 -g -target bpf -mcpu=v3 -std=gnu11 -Wall -Wextra -Wshadow -Werror -D__TARGET_ARCH_$(BPF_ARCH) \
	-Iinclude -Ibpf -I/usr/include/$(ARCH)-linux-gnu

# Changed flags rebuild everything.
FLAGS = $(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) $(LDLIBS)
keep_flags = @mkdir -p $(@D); echo '$(subst ','\'',$(1))' | cmp -s - $@ || echo '$(subst ','\'',$(1))' >$@
$(B)/flags: FORCE
	$(call keep_flags,$(FLAGS))
build/bpf/flags: FORCE
	$(call keep_flags,$(CLANG) $(BPF_CFLAGS))

# ---- modules: daemon/<module>/*.c -> $(B)/libups_<module>.a -------------------------------------------------------
MODULES := base crypto proto core dp ctl app cli
define module_rules
$(1)_SRC := $$(filter-out %/main.c $(if $(HAVE_IPSEC_MB),,%ipsec_mb.c),$$(wildcard daemon/$(1)/*.c))
$(1)_OBJ := $$($(1)_SRC:%.c=$(B)/%.o)
$(B)/libups_$(1).a: $$($(1)_OBJ)
	$$(say) AR $$@
	$$(Q)rm -f $$@ && ar rcs $$@ $$($(1)_OBJ)
endef
$(foreach m,$(MODULES),$(eval $(call module_rules,$(m))))

$(B)/%.o: %.c $(B)/flags
	$(say) CC $@
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c $< -o $@

# What each module links with: the table of scripts/layers, closed.
closure_base := base
closure_crypto := crypto base
closure_proto := proto base
closure_core := core crypto proto base
closure_dp := dp core crypto proto base
closure_ctl := ctl core crypto proto base
closure_app := app ctl dp core crypto proto base
closure_cli := cli proto base
libs = $(foreach m,$(closure_$(1)),$(B)/libups_$(m).a)

# ---- BPF: one object for all variants, built into the daemon as a skeleton ---------------------------------------
BPF_SRC := $(wildcard bpf/*.bpf.c)
BPF_OBJ := $(BPF_SRC:%.bpf.c=build/%.bpf.o)
build/bpf/%.bpf.o: bpf/%.bpf.c build/bpf/flags
	$(say) BPF $@
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) -MMD -MP -c $< -o $@
$(B)/gen/%.skel.h: build/bpf/%.bpf.o
	$(say) SKEL $@
	$(Q)mkdir -p $(@D)
	$(Q)PATH=$$PATH:/usr/sbin bpftool gen skeleton $< name $* >$@
bpf: $(BPF_OBJ)
$(dp_OBJ): | $(patsubst bpf/%.bpf.c,$(B)/gen/%.skel.h,$(BPF_SRC))

# ---- programs ----------------------------------------------------------------------------------------------------
programs: $(B)/upsecd $(B)/upsec bpf
$(B)/upsecd: $(B)/daemon/app/main.o $(call libs,app)
	$(say) LD $@
	$(Q)$(CC) $(LDFLAGS) $(filter %.o %.a,$^) -o $@ $(LDLIBS)
$(B)/upsec: $(B)/daemon/cli/main.o $(call libs,cli)
	$(say) LD $@
	$(Q)$(CC) $(LDFLAGS) $(filter %.o %.a,$^) -o $@ $(LDLIBS)

# ---- tests: tests/unit/<module>/test_*.c and tests/bpf/test_*.c, one cmocka binary each ----------------------------
test_link = $(Q)mkdir -p $(@D) && $(CC) $(TEST_CPPFLAGS) $(CFLAGS) -MMD -MP -MF $@.d $(LDFLAGS) \
	$(filter %.c,$^) $(filter %.a,$^) -o $@ $(1) $(LDLIBS)

UNIT_BIN := $(patsubst %.c,$(B)/%,$(wildcard tests/unit/*/test_*.c))
define unit_rule
$(B)/tests/unit/$(1)/%: tests/unit/$(1)/%.c $(call libs,$(1)) $(B)/flags
	$$(say) TEST $$@
	$$(call test_link,-lcmocka -lsrtp2)
endef
$(foreach m,$(MODULES),$(eval $(call unit_rule,$(m))))
BPF_TEST_BIN := $(patsubst %.c,$(B)/%,$(wildcard tests/bpf/test_*.c))
$(B)/tests/bpf/%: tests/bpf/%.c $(call libs,dp) $(B)/flags
	$(say) TEST $@
	$(call test_link,-lcmocka -lsrtp2)
units: $(UNIT_BIN)
bpf-tests: $(BPF_TEST_BIN)
unit-tests: units bpf-tests

# ---- tests of the whole daemon: the peer (libsrtp2), the player of pipelines (GStreamer), the ng client ------------
E2E_BIN := $(B)/tests/peer $(B)/tests/media $(B)/tests/ngc
$(B)/tests/peer: $(wildcard tests/peer/*.c tests/peer/*.h)
	$(say) TEST $@
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -D_GNU_SOURCE $(CFLAGS) $(LDFLAGS) $(filter %.c,$^) -o $@ -lsrtp2 -lssl -lcrypto -lm
$(B)/tests/media: tests/media/media.c
	$(say) TEST $@
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -D_GNU_SOURCE $$(pkg-config --cflags gstreamer-1.0 gio-2.0) $(CFLAGS) $(LDFLAGS) $< -o $@ \
		$$(pkg-config --libs gstreamer-1.0 gio-2.0)
$(B)/tests/ngc: $(wildcard tests/ng/*.c tests/ng/*.h)
	$(say) TEST $@
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -D_GNU_SOURCE $(CFLAGS) $(LDFLAGS) $(filter %.c,$^) -o $@ -ljansson
e2e-programs: $(E2E_BIN)

# ---- fuzz: tests/fuzz/fuzz_<name>.c, with seeds in tests/fuzz/corpus/<name>/ --------------------------------------
FUZZ_SRC := $(wildcard tests/fuzz/fuzz_*.c)
FUZZ_BIN := $(FUZZ_SRC:%.c=$(B)/%)
ifdef FUZZING
$(B)/tests/fuzz/%: tests/fuzz/%.c $(call libs,app) $(B)/flags
	$(say) FUZZ $@
	$(call test_link,-fsanitize=fuzzer)
else
$(B)/tests/fuzz/%: tests/fuzz/%.c tests/fuzz/replay.c $(call libs,app) $(B)/flags
	$(say) TEST $@
	$(call test_link)
endif
fuzz-replay: $(FUZZ_BIN)
fuzzers:
	$(Q)$(MAKE) FUZZING=1 fuzz-replay
# New inputs go to build/fuzz/corpus/<name>; an input that crashes is left beside it and belongs in tests/fuzz/corpus/<name>.
fuzz: $(if $(filter-out $(wildcard tests/fuzz/fuzz_$(FUZZ).c),tests/fuzz/fuzz_$(FUZZ).c),no-such-fuzzer)
	$(Q)$(MAKE) FUZZING=1 build/fuzz/tests/fuzz/fuzz_$(FUZZ)
	$(Q)mkdir -p build/fuzz/corpus/$(FUZZ)
	$(Q)build/fuzz/tests/fuzz/fuzz_$(FUZZ) -max_total_time=$(TIME) -max_len=4096 -print_final_stats=1 \
		-artifact_prefix=build/fuzz/crash-$(FUZZ)- build/fuzz/corpus/$(FUZZ) tests/fuzz/corpus/$(FUZZ)
no-such-fuzzer:
	@echo "make fuzz FUZZ=name TIME=seconds; names: $(FUZZ_SRC:tests/fuzz/fuzz_%.c=%)" >&2; exit 2

# ---- bench programs: bench/*.c -------------------------------------------------------------------------------------
BENCH_BIN := $(patsubst %.c,$(B)/%,$(wildcard bench/*.c))
$(B)/bench/%: bench/%.c $(call libs,dp) $(B)/flags
	$(say) BENCH $@
	$(call test_link,-lsrtp2)
bench-programs: $(BENCH_BIN)

# ---- what people run -----------------------------------------------------------------------------------------------
demo: programs e2e-programs
	+$(Q)LANE=$(LANE) scripts/demo
check:
	+$(Q)tests/run
lint: programs unit-tests
	$(Q)scripts/lint
clean:
	$(Q)rm -rf build

# ---- install -------------------------------------------------------------------------------------------------------
SBINDIR := $(PREFIX)/sbin
MANDIR := $(PREFIX)/share/man
UNITDIR := $(PREFIX)/lib/systemd/system
# The configuration that is there is never overwritten; a fresh one only root reads.
install: programs
	$(Q)install -Dm755 -t $(DESTDIR)$(SBINDIR) $(B)/upsecd
	$(Q)install -Dm755 -t $(DESTDIR)$(PREFIX)/bin $(B)/upsec
	$(Q)for page in daemon/man/*.[1-8]; do \
		install -Dm644 -t $(DESTDIR)$(MANDIR)/man$${page##*.} $$page || exit 1; done
	$(Q)install -Dm644 -t $(DESTDIR)$(PREFIX)/share/bash-completion/completions scripts/completion/upsec
	$(Q)install -Dm644 -t $(DESTDIR)$(PREFIX)/share/doc/upsec scripts/upsecd.yaml
	$(Q)install -Dm644 -t $(DESTDIR)$(PREFIX)/include/upsec include/uapi/upsec_nl.h
	$(Q)install -d $(DESTDIR)$(UNITDIR)
	$(Q)sed 's|@SBINDIR@|$(SBINDIR)|' scripts/upsecd.service > $(DESTDIR)$(UNITDIR)/upsecd.service
	$(Q)chmod 644 $(DESTDIR)$(UNITDIR)/upsecd.service
	$(Q)test -e $(DESTDIR)/etc/upsec/upsecd.yaml || \
		install -Dm640 -t $(DESTDIR)/etc/upsec scripts/upsecd.yaml

-include $(shell find $(wildcard build/bpf $(B)/daemon $(B)/tests $(B)/bench) -name '*.d' 2>/dev/null)
