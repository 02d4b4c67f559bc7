/*
 * A name service module that hangs, as a broken one of LDAP or mDNS does: it answers no name, and never returns for
 * names that begin with "hang". Built by `node test/libc/nss/build.mjs` (nsswitch.conf(5): `hosts: hang files`).
 */
#include <errno.h>
#include <netdb.h>
#include <nss.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

static enum nss_status answer(const char *name, int *error, int *host_error) {
  while (name != NULL && strncmp(name, "hang", 4) == 0) pause();
  *error = ENOENT;
  *host_error = HOST_NOT_FOUND;
  return NSS_STATUS_NOTFOUND;
}

enum nss_status _nss_hang_gethostbyname2_r(const char *name, int family, struct hostent *entry, char *buffer,
                                           size_t octets, int *error, int *host_error) {
  (void)family, (void)entry, (void)buffer, (void)octets;
  return answer(name, error, host_error);
}

enum nss_status _nss_hang_gethostbyaddr_r(const void *address, socklen_t length, int family, struct hostent *entry,
                                          char *buffer, size_t octets, int *error, int *host_error) {
  (void)address, (void)length, (void)family, (void)entry, (void)buffer, (void)octets;
  return answer(NULL, error, host_error);
}
