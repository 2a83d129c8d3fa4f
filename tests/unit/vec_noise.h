/* Noise: the vectors of the cacophony project (vectors/cacophony.txt) for the two patterns used. */
#ifndef VALISE_TESTS_VEC_NOISE_H
#define VALISE_TESTS_VEC_NOISE_H

#include "crypto/noise.h"

enum { VEC_NOISE_MESSAGES = 6 };

typedef struct vec_noise {
  vls_noise_pattern pattern;
  const char *prologue, *psk; /* psk and init_static: NULL in NK */
  const char *init_static, *init_ephemeral, *resp_static, *resp_ephemeral, *resp_public;
  const char *handshake_hash;
  struct {
    const char *payload, *ciphertext;
  } messages[VEC_NOISE_MESSAGES]; /* handshake first, then transport, initiator first */
} vec_noise;

/* clang-format off */
static const vec_noise vec_noise_cases[] = {
    {.pattern = VLS_NOISE_NK,
     .prologue = "4a6f686e2047616c74",
     .init_ephemeral = "893e28b9dc6ca8d611ab664754b8ceb7bac5117349a4439a6b0569da977c464a",
     .resp_static = "4a3acbfdb163dec651dfa3194dece676d437029c62a408b4c5ea9114246e4893",
     .resp_ephemeral = "bbdb4cdbd309f1a1f2e1456967fe288cadd6f712d65dc7b7793d5e63da6b375b",
     .resp_public = "31e0303fd6418d2f8c0e78b91f22e8caed0fbe48656dcf4767e4834f701b8f62",
     .handshake_hash = "2efa38a9c7c93ac98f3a097af25c2f58b9e7673787717bc27e98827118c2c1a5",
     .messages = {
         {"4c756477696720766f6e204d69736573",
          "ca35def5ae56cec33dc2036731ab14896bc4c75dbb07a61f879f8e3afa4c79448134d00711fdb390a0d178fa"
          "008f6d47d2891e5ea18ae136c3b4c23ac384efb0"},
         {"4d757272617920526f746862617264",
          "95ebc60d2b1fa672c1f46a8aa265ef51bfe38e7ccb39ec5be34069f1448088438ea16e3701bc0d77744f117b"
          "ee22451c9afa7f4cdbbcff00c04a8ee0913c88"},
         {"462e20412e20486179656b",
          "a62de29ce27cb80245d440d986ed816c156e9d757d7008df2198b0"},
         {"4361726c204d656e676572",
          "174a35f11c689f4530d7208618e0564ae12f2f50ba8eb4df5382ff"},
         {"4a65616e2d426170746973746520536179",
          "337e475ebb8eae60f91974c4e455a5af38d1d8628d1803b160d60442874b0a1777"},
         {"457567656e2042f6686d20766f6e2042617765726b",
          "047e80e060b7bb08b53c5a23dfe9920cae135b9d1dc6302fc475003062723700366346ac9d"},
     }},
    {.pattern = VLS_NOISE_XKPSK3,
     .prologue = "4a6f686e2047616c74",
     .psk = "54686973206973206d7920417573747269616e20706572737065637469766521",
     .init_static = "e61ef9919cde45dd5f82166404bd08e38bceb5dfdfded0a34c8df7ed542214d1",
     .init_ephemeral = "893e28b9dc6ca8d611ab664754b8ceb7bac5117349a4439a6b0569da977c464a",
     .resp_static = "4a3acbfdb163dec651dfa3194dece676d437029c62a408b4c5ea9114246e4893",
     .resp_ephemeral = "bbdb4cdbd309f1a1f2e1456967fe288cadd6f712d65dc7b7793d5e63da6b375b",
     .resp_public = "31e0303fd6418d2f8c0e78b91f22e8caed0fbe48656dcf4767e4834f701b8f62",
     .handshake_hash = "2474cc7525e37a139f3f2d82cefa382b6844f36a8c179c3c057bc2b8bc171454",
     .messages = {
         {"4c756477696720766f6e204d69736573",
          "ca35def5ae56cec33dc2036731ab14896bc4c75dbb07a61f879f8e3afa4c7944aca3ea34785c66af6434ba8f"
          "3dab19e712ff67a31bd13557517309fc09a510a9"},
         {"4d757272617920526f746862617264",
          "95ebc60d2b1fa672c1f46a8aa265ef51bfe38e7ccb39ec5be34069f14480884330ae3686f5afe73385a0a643"
          "0723306d35b21256240033263dc4050e154e7f"},
         {"462e20412e20486179656b",
          "1b33e3523e2d3c4cd6bb605131932646aa01f18e22ee6543877d3f16967f4593bd2ca855b17d09782a6d56bd"
          "c3eedae57e8015be06a0bcfb5c9ac4e768459601d9162e731f9fc8117a2b22"},
         {"4361726c204d656e676572",
          "1eae06397036f6d40337d43b0f49cfe2b2093a2c2e14c804b5fe7a"},
         {"4a65616e2d426170746973746520536179",
          "b4aafd07a4cebcc8b913a243a145db81dc029b57f9e8676eb78cf0b3f9cdcaf240"},
         {"457567656e2042f6686d20766f6e2042617765726b",
          "1d36724066ad1c685e1e245a29cffac296d1a97f6393d3dddbed940e04c348f9b4cd45266b"},
     }},
};
/* clang-format on */

#endif
