/*
 * glibc 2.34 moved libpthread and libdl into libc and gave their symbols a new version. Built on a newer glibc, a
 * binary would ask for that version and load nowhere older; asking for the symbols' first version loads wherever Node
 * itself does (glibc 2.28). Included by the compiler's command line, before everything else.
 */
#if defined(__linux__)
#include <features.h>
#if defined(__GLIBC__)
/* The version that each architecture began with. */
#if defined(__x86_64__)
#define HANDOFF_FIRST "GLIBC_2.2.5"
#define HANDOFF_SECOND "GLIBC_2.3.3"
#elif defined(__aarch64__) || (defined(__powerpc64__) && _CALL_ELF == 2)
#define HANDOFF_FIRST "GLIBC_2.17"
#elif defined(__s390x__)
#define HANDOFF_FIRST "GLIBC_2.2"
#define HANDOFF_SECOND "GLIBC_2.3.3"
#elif defined(__riscv)
#define HANDOFF_FIRST "GLIBC_2.27"
#endif
#if defined(HANDOFF_FIRST) && !defined(HANDOFF_SECOND)
#define HANDOFF_SECOND HANDOFF_FIRST
#endif
#if defined(HANDOFF_FIRST)
__asm__(".symver pthread_create,pthread_create@" HANDOFF_FIRST);
__asm__(".symver pthread_once,pthread_once@" HANDOFF_FIRST);
__asm__(".symver pthread_detach,pthread_detach@" HANDOFF_FIRST);
__asm__(".symver pthread_sigmask,pthread_sigmask@" HANDOFF_FIRST);
__asm__(".symver pthread_attr_setstacksize,pthread_attr_setstacksize@" HANDOFF_FIRST);
__asm__(".symver pthread_condattr_setclock,pthread_condattr_setclock@" HANDOFF_SECOND);
__asm__(".symver dlopen,dlopen@" HANDOFF_FIRST);
__asm__(".symver dlsym,dlsym@" HANDOFF_FIRST);
__asm__(".symver dlerror,dlerror@" HANDOFF_FIRST);
#endif
#endif
#endif
