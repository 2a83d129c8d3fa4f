/* A right backup of every kind of row, in memory: for tests to spoil. */
#ifndef VALISE_TESTS_BACKUP_BOOK_H
#define VALISE_TESTS_BACKUP_BOOK_H

#include "store/backup.h"
#include "store_made.h"

enum { ROWS_MAX = 64, FILE_MAX = 4 << 20 };

typedef struct book {
  vls_backup_row row[ROWS_MAX];
  size_t n;
} book;

static inline vls_slice text(const char *s) {
  return vls_slice_str(s);
}

static inline vls_backup_row *add(book *b, vls_backup_kind kind) {
  assert_true(b->n < ROWS_MAX);
  b->row[b->n] = (vls_backup_row){.kind = kind};
  return &b->row[b->n++];
}

static inline void add_talks(book *b) {
  for (uint64_t id = 3; id <= 4; id++) {
    vls_backup_contact *c = &add(b, VLS_BACKUP_CONTACT)->contact;
    *c = (vls_backup_contact){.id = id, .name = text(id == 3 ? "Bao" : "Chi"), .state = 1};
    c->n_psk = c->n_knock = id - 2;
    c->identity[0] = c->psk[0][0] = c->knock[0][0] = (uint8_t)id;
    c->psk[1][0] = c->knock[1][0] = 9;
  }
  for (uint8_t i = 0; i < 4; i++) /* two devices each, told apart by their last byte */
    add(b, VLS_BACKUP_CHAIN)->chain =
        (vls_backup_chain){.contact = 3 + i / 2, .number = i + 1, .device = {[31] = i % 2}};
  for (uint8_t i = 0; i < 2; i++)
    add(b, VLS_BACKUP_OWN_CHAIN)->own_chain = (vls_backup_own_chain){.contact = 3, .number = i + 5};
}

/* A right one: every kind is there, most of them twice. */
static inline void fill(book *b) {
  b->n = 0;
  add(b, VLS_BACKUP_START)->start =
      (vls_backup_start){.made = 1, .version = text("1"), .name = text("Ana")};
  add(b, VLS_BACKUP_SELF)->self =
      (vls_backup_self){.cert = text("c"), .name = text("Ana"), .card_seq = 1, .card = text("k")};
  add(b, VLS_BACKUP_SETTING)->setting.file = text("conf.d/a.conf");
  add(b, VLS_BACKUP_SETTING)->setting.file = text("conf.d/a.conf.conf");
  add(b, VLS_BACKUP_SETTING)->setting.file = text("valise.conf");
  for (uint8_t i = 5; i < 7; i++)
    add(b, VLS_BACKUP_FORMER)->former = (vls_backup_former){.number = i, .sign = {i}};
  add_talks(b);
  add(b, VLS_BACKUP_COUNTERS)->counters =
      (vls_backup_counters){.message = 9, .feed = 9, .trimmed = 1};
  add(b, VLS_BACKUP_CONSUMER)->consumer.name = text("bridge");
  add(b, VLS_BACKUP_CONSUMER)->consumer.name = text("cli");
  add(b, VLS_BACKUP_FEED)->feed = (vls_backup_feed){.c = 2, .type = 1};
  add(b, VLS_BACKUP_FEED)->feed = (vls_backup_feed){.c = 9, .type = 1, .contact = 3};
  add(b, VLS_BACKUP_SENT)->sent = (vls_backup_sent){.cid = text("a"), .reply = text("r")};
  add(b, VLS_BACKUP_SENT)->sent = (vls_backup_sent){.cid = text("aa"), .reply = text("r")};
  for (uint64_t seq = 1; seq < 4; seq++)
    add(b, VLS_BACKUP_EVENT)->event =
        (vls_backup_event){.contact = 3, .seq = seq, .header = text("h")};
  add(b, VLS_BACKUP_MESSAGE)->message = (vls_backup_message){.n = 7, .contact = 4};
  add(b, VLS_BACKUP_MESSAGE)->message = (vls_backup_message){.n = 9, .contact = 3};
  add(b, VLS_BACKUP_END);
}

static inline vls_backup_row *of(book *b, vls_backup_kind kind) {
  for (size_t i = 0; i < b->n; i++)
    if (b->row[i].kind == kind) return &b->row[i];
  fail_msg("no such row");
  return NULL;
}

static inline void put_row(vls_buf *plain, unsigned kind, vls_slice body) {
  assert_int_equal(vls_buf_put_be32(plain, kind << 24 | (uint32_t)body.n), VLS_OK);
  assert_int_equal(vls_buf_put_slice(plain, body), VLS_OK);
}

/* The rows as bytes; the last one counts those before it, as it should. */
static inline vls_buf bytes_of(book *b) {
  vls_buf plain, body;
  vls_backup_end counts = {0};
  vls_buf_init(&plain, FILE_MAX);
  vls_buf_init(&body, VLS_BACKUP_ROW_MAX);
  for (size_t i = 0; i < b->n; i++) {
    vls_backup_row *row = &b->row[i];
    counts.contacts += row->kind == VLS_BACKUP_CONTACT;
    counts.events += row->kind == VLS_BACKUP_EVENT;
    counts.messages += row->kind == VLS_BACKUP_MESSAGE;
    if (row->kind == VLS_BACKUP_END) {
      row->end.contacts += counts.contacts;
      row->end.events += counts.events;
      row->end.messages += counts.messages;
      row->end.rows += i;
    }
    vls_buf_clear(&body);
    assert_int_equal(vls_wire_encode(vls_backup_def(row->kind), &row->start, &body), VLS_OK);
    put_row(&plain, row->kind, vls_buf_slice(&body));
  }
  vls_buf_done(&body);
  return plain;
}

#endif
