/* Our own bugs crash, in release too. Never used on what a peer, a client or a file said. */
#ifndef VALISE_BASE_ASSERT_H
#define VALISE_BASE_ASSERT_H

#define VLS_ASSERT(cond) ((cond) ? (void)0 : vls_assert_fail(#cond, __FILE__, __LINE__))

_Noreturn void vls_assert_fail(const char *cond, const char *file, int line);

#endif
