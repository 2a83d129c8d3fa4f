/* Padding of records (PEER 5): 256, 512 bytes, 1, 2, 4 KiB, then Padme; ISO 7816-4 inside. */
#ifndef VALISE_CRYPTO_PAD_H
#define VALISE_CRYPTO_PAD_H

#include "base/buf.h"

/* The smallest record size that holds n bytes. Padme: Nikitin et al., PoPETs 2019(4), section 4. */
size_t vls_pad_bucket(size_t n);
/* Appends 0x80 and zeros to buf so that buf->n + overhead is a bucket. VLS_TOO_BIG at buf's max. */
VLS_MUST vls_err vls_pad(vls_buf *buf, size_t overhead);
/* The bytes before the padding, borrowed; VLS_MALFORMED when there is no 0x80. */
VLS_MUST vls_err vls_unpad(vls_slice padded, vls_slice *ret);

#endif
