// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Capabilities of one thread, by the system call: the library's call may act on the whole process. Any thread. */
#include "base/privilege.h"

#include <errno.h>
#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

int ups_thread_drop_capabilities(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	const struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {};

	return syscall(SYS_capset, &header, none) ? -errno : 0;
}
