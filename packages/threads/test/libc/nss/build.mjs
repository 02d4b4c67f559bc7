/** Builds the module that hangs, for the C library of this machine: `node test/libc/nss/build.mjs`. */
import { execFileSync } from "node:child_process"

const flags = "-O2 -Wall -Wextra -fPIC -shared -s -Wl,--build-id=none -Wl,-soname,libnss_hang.so.2"
execFileSync("cc", [...flags.split(" "), "-o", "libnss_hang.so.2", "hang.c"], { cwd: import.meta.dirname })
