# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# upsec: one Makefile, everything built under build/ (SANITIZE=1: build/san/).
#   make            programs, BPF object, unit tests' objects as needed
#   make demo       the main job on real media (root); LANE=udp|xdp
#   make check      all tests (root); last line: N passed, N failed, N skipped
#   make lint       formatter, warnings, static analysis, dependency table, shellcheck
#   make install    DESTDIR, PREFIX
#   V=1             show the commands

PREFIX ?= /usr/local
DESTDIR ?=
LANE ?= xdp
CC ?= gcc
VERSION := 0.1.0

ifdef SANITIZE
B := build/san
SANFLAGS := -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
else
B := build
SANFLAGS :=
endif

ifeq ($(V),1)
Q :=
say := @:
else
Q := @
say := @printf '  %-7s %s\n'
endif

.DELETE_ON_ERROR:
.SUFFIXES:
.PHONY: all setup demo check lint install clean programs bpf unit-tests fuzzers bench-programs e2e-programs FORCE

CLANG_BPF ?= $(shell scripts/setup --clang 2>/dev/null)
PKGS := libbpf libxdp libmnl openssl libsystemd libcyaml yaml-0.1 jansson liburcu
PKG_CFLAGS = $(shell pkg-config --cflags $(PKGS) 2>/dev/null)
WARN := -Wall -Wextra -Wshadow -Wvla -Wimplicit-fallthrough -Wstrict-prototypes -Wmissing-prototypes \
	-Wformat=2 -Wpointer-arith -Wwrite-strings
CPPFLAGS += -D_GNU_SOURCE -DUPS_VERSION='"$(VERSION)"' -DUPS_PREFIX='"$(PREFIX)"' -Iinclude -Idaemon -I$(B)/gen $(PKG_CFLAGS)
CFLAGS ?= -O2 -g
CFLAGS += -std=gnu11 $(WARN) -Werror -fstack-protector-strong $(SANFLAGS)
LDFLAGS += -Wl,-z,relro,-z,now -Wl,--as-needed $(SANFLAGS)
LDLIBS := $(shell pkg-config --libs $(PKGS) 2>/dev/null) -lIPSec_MB -lpthread -lcap

ARCH := $(shell uname -m)
BPF_ARCH := $(subst x86_64,x86,$(subst aarch64,arm64,$(ARCH)))
BPF_CFLAGS := -O2 -g -target bpf -mcpu=v3 -std=gnu11 -Wall -Wextra -Wshadow -Werror -D__TARGET_ARCH_$(BPF_ARCH) \
	-Iinclude -Ibpf -I/usr/include/$(ARCH)-linux-gnu

all: programs

# ---- modules: daemon/<module>/*.c -> $(B)/lib<module>.a ----------------------------------------------------------
MODULES := base crypto proto core dp ctl app cli
define module_rules
$(1)_SRC := $$(filter-out %/main.c,$$(wildcard daemon/$(1)/*.c))
$(1)_OBJ := $$($(1)_SRC:%.c=$(B)/%.o)
$(B)/libups_$(1).a: $$($(1)_OBJ)
	$$(say) AR $$@
	$$(Q)rm -f $$@ && ar rcs $$@ $$^
endef
$(foreach m,$(MODULES),$(eval $(call module_rules,$(m))))

$(B)/%.o: %.c | setup
	$(say) CC $@
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c $< -o $@

# What each module links with (design: who may include whom).
closure_base := base
closure_crypto := crypto base
closure_proto := proto base
closure_core := core crypto proto base
closure_dp := dp core crypto proto base
closure_ctl := ctl core crypto proto base
closure_app := app ctl dp core crypto proto base
closure_cli := cli proto base
libs = $(foreach m,$(closure_$(1)),$(B)/libups_$(m).a)

# ---- BPF ---------------------------------------------------------------------------------------------------------
BPF_OBJ := $(patsubst bpf/%.bpf.c,build/bpf/%.bpf.o,$(wildcard bpf/*.bpf.c))
build/bpf/%.bpf.o: bpf/%.bpf.c | setup
	$(say) BPF $@
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG_BPF) $(BPF_CFLAGS) -MMD -MP -c $< -o $@
$(B)/gen/%.skel.h: build/bpf/%.bpf.o
	$(say) SKEL $@
	$(Q)mkdir -p $(@D)
	$(Q)PATH=$$PATH:/usr/sbin bpftool gen skeleton $< name $* > $@
bpf: $(BPF_OBJ)
$(dp_OBJ): $(patsubst bpf/%.bpf.c,$(B)/gen/%.skel.h,$(wildcard bpf/*.bpf.c))

# ---- programs ----------------------------------------------------------------------------------------------------
programs: $(B)/upsecd $(B)/upsec bpf
$(B)/upsecd: $(B)/daemon/app/main.o $(call libs,app)
	$(say) LD $@
	$(Q)$(CC) $(LDFLAGS) $^ -o $@ $(LDLIBS)
$(B)/upsec: $(B)/daemon/cli/main.o $(call libs,cli)
	$(say) LD $@
	$(Q)$(CC) $(LDFLAGS) $^ -o $@ $(LDLIBS)

# ---- tests: tests/unit/<module>/test_*.c and tests/bpf/test_*.c, one cmocka binary each ----------------------------
UNIT_BIN := $(patsubst %.c,$(B)/%,$(wildcard tests/unit/*/test_*.c))
define unit_rule
$(B)/tests/unit/$(1)/%: tests/unit/$(1)/%.c $(call libs,$(1))
	$$(say) TEST $$@
	$$(Q)mkdir -p $$(@D)
	$$(Q)$$(CC) $$(CPPFLAGS) -Itests/lib $$(CFLAGS) -MMD -MP -MF $$@.d $$(LDFLAGS) $$< $(call libs,$(1)) -o $$@ -lcmocka -lsrtp2 $$(LDLIBS)
endef
$(foreach m,$(MODULES),$(eval $(call unit_rule,$(m))))
BPF_TEST_BIN := $(patsubst %.c,$(B)/%,$(wildcard tests/bpf/test_*.c))
$(B)/tests/bpf/%: tests/bpf/%.c $(call libs,dp)
	$(say) TEST $@
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) -Itests/lib $(CFLAGS) -MMD -MP -MF $@.d $(LDFLAGS) $< $(call libs,dp) -o $@ -lcmocka -lsrtp2 $(LDLIBS)
unit-tests: $(UNIT_BIN) $(BPF_TEST_BIN)

# ---- tests of the whole daemon: the peer (libsrtp2) and the player of media pipelines (GStreamer) ------------------
E2E_BIN := $(B)/tests/peer $(B)/tests/media
$(B)/tests/peer: $(wildcard tests/peer/*.c tests/peer/*.h) | setup
	$(say) TEST $@
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -D_GNU_SOURCE $(CFLAGS) $(LDFLAGS) $(filter %.c,$^) -o $@ -lsrtp2 -lcrypto -lm
$(B)/tests/media: tests/media/media.c | setup
	$(say) TEST $@
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -D_GNU_SOURCE $$(pkg-config --cflags gstreamer-1.0 gio-2.0) $(CFLAGS) $(LDFLAGS) $< -o $@ $$(pkg-config --libs gstreamer-1.0 gio-2.0)
e2e-programs: $(E2E_BIN)

# ---- bench programs: bench/*.c -------------------------------------------------------------------------------------
BENCH_BIN := $(patsubst %.c,$(B)/%,$(wildcard bench/*.c))
$(B)/bench/%: bench/%.c $(call libs,dp)
	$(say) BENCH $@
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -MF $@.d $(LDFLAGS) $< $(call libs,dp) -o $@ -lsrtp2 $(LDLIBS)
bench-programs: $(BENCH_BIN)

setup:
	$(Q)scripts/setup --quiet

clean:
	$(Q)rm -rf build

-include $(shell find build -name '*.d' 2>/dev/null)
