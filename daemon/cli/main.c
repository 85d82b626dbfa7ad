// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Program upsec. */
#include "cli/cli.h"

int main(int argc, char **argv)
{
	return ups_cli_main(argc, argv);
}
