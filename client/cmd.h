/* A command: its words, its options, its help, and what it does. One table describes them all; the
 * parser, --help, the completion and the tests read it. */
#ifndef VALISE_CLIENT_CMD_H
#define VALISE_CLIENT_CMD_H

#include "client/conn.h"
#include "client/out.h"

enum {
  VLS_OPTS_MAX = 12,       /* options of one command */
  VLS_SUMMARY_MAX = 60,    /* characters */
  VLS_RECIPIENTS_MAX = 32, /* of one send (RPC 4.1) */
};

/* What a word on the command line stands for; completion offers accordingly. */
typedef enum vls_kind {
  VLS_KIND_FLAG, /* an option without a value */
  VLS_KIND_TEXT,
  VLS_KIND_FILE,
  VLS_KIND_COMMAND, /* a program to run */
  VLS_KIND_CONTACT,
  VLS_KIND_TO, /* a contact or a @group */
  VLS_KIND_GROUP,
  VLS_KIND_MEMBER, /* of the group that is the first operand */
  VLS_KIND_ASKING, /* to be let in to it */
  VLS_KIND_LEVEL,
  VLS_KIND_SPAN,
  VLS_KIND_CHOICE,
  VLS_KIND_TOPIC,
  VLS_KIND_KEY, /* of the configuration */
} vls_kind;

typedef struct vls_opt {
  const char *name; /* without the dashes; NULL ends a list */
  char letter;      /* or 0 */
  vls_kind kind;
  const char *value; /* what --help calls the value; NULL for a flag */
  const char *help;
  const char *choices; /* VLS_KIND_CHOICE: the words, separated by one space */
} vls_opt;
#define VLS_OPTS_END                                                                               \
  { NULL, 0, VLS_KIND_FLAG, NULL, NULL, NULL }

typedef enum vls_mode { VLS_HUMAN, VLS_JSON, VLS_TABBED } vls_mode;

/* One run of the program. */
typedef struct vls_cli {
  vls_mode mode;
  vls_out out, err;
  bool tty_in, tty_out, tty_err;
  bool no_input, quiet, accessible;
  bool help, version;  /* asked for by an option */
  const char *socket;  /* --socket, or NULL */
  vls_conn *conn;      /* opened at the first call */
  vls_problem problem; /* of the command that returns an error; none: it was told already */
} vls_cli;

struct vls_cmd;
typedef struct vls_args {
  const struct vls_cmd *noun; /* "contact" of "contact list", or NULL */
  const struct vls_cmd *cmd;
  const char *value[VLS_OPTS_MAX]; /* of each option of cmd; "" for a flag, NULL when not given */
  const char *const *word;         /* operands */
  size_t n;
} vls_args;

typedef vls_err vls_run(vls_cli *cli, const vls_args *args);

typedef struct vls_cmd {
  const char *name;
  const char *operands;              /* as in the usage line: "TO... [-]" */
  const char *summary;               /* at most VLS_SUMMARY_MAX characters */
  const char *about;                 /* what --help says after the usage; lines end in newlines */
  const vls_opt *opts;               /* or NULL */
  const struct vls_cmd *const *subs; /* NULL ends it; the first one is what the noun alone does */
  vls_run *run;
  vls_kind operand;     /* what the operands are, for completion ... */
  const vls_kind *each; /* ... or what each of the first n_each is */
  size_t n_each;
  size_t min, max; /* operands */
  bool hidden;
} vls_cmd;

extern const vls_cmd *const vls_commands[]; /* NULL ends it */
extern const vls_opt vls_global_opts[];

extern const vls_cmd vls_cmd_init, vls_cmd_status, vls_cmd_doctor, vls_cmd_id, vls_cmd_invite,
    vls_cmd_accept, vls_cmd_contact, vls_cmd_send, vls_cmd_read, vls_cmd_recv, vls_cmd_watch,
    vls_cmd_outbox, vls_cmd_peer, vls_cmd_config, vls_cmd_completion, vls_cmd_complete, vls_cmd_rpc,
    vls_cmd_help, vls_cmd_lock, vls_cmd_unlock, vls_cmd_passphrase, vls_cmd_backup, vls_cmd_group,
    vls_cmd_reply, vls_cmd_react, vls_cmd_edit, vls_cmd_delete, vls_cmd_thread, vls_cmd_remarks;

/* args.c: options and operands. */

/* The command called `name` in a list, or NULL. */
const vls_cmd *vls_cmd_find(const vls_cmd *const *list, const char *name);
/* Reads the words of a command line into cli and args and finds the command (NULL: none was named).
 * VLS_USAGE with the problem filled. words must outlive args, argv[0] is skipped. */
VLS_MUST vls_err vls_args_parse(vls_cli *cli, int argc, char **argv, vls_args *ret_args);
/* The value of an option, NULL when it was not given; a name the command lacks is our bug. */
const char *vls_args_opt(const vls_args *args, const char *name);
bool vls_args_flag(const vls_args *args, const char *name);
/* A number or a span in bounds; `*ret` is left as it is when the option was not given. */
VLS_MUST vls_err vls_args_number(vls_cli *cli, const vls_args *args, const char *name, uint64_t min,
                                 uint64_t max, uint64_t *ret);
VLS_MUST vls_err vls_args_span(vls_cli *cli, const vls_args *args, const char *name,
                               uint64_t *ret_ms);
/* Reads one operand as a number of a text ("12" or "#12"). */
VLS_MUST vls_err vls_args_text_number(vls_cli *cli, const char *word, uint64_t *ret);

/* cli.c: the run. */

/* Records why the command fails, and returns err. */
#define vls_fail(cli, err, hint, ...) vls_problem_set(&(cli)->problem, err, hint, __VA_ARGS__)

void vls_cli_init(vls_cli *cli);
void vls_cli_done(vls_cli *cli);
/* Reads the environment and what standard input and output are, once the options are known.
 * color: "auto", "always" or "never". */
void vls_cli_style(vls_cli *cli, const char *color);
/* True when a question may be asked. */
bool vls_cli_may_ask(const vls_cli *cli);
/* True when what was written on the terminal can be taken back: lines that change. */
bool vls_cli_may_redraw(const vls_cli *cli);
/* Asks for a line; false at end of file. Only when vls_cli_may_ask. */
bool vls_cli_ask(vls_cli *cli, const char *question, char *ret_line, size_t size);
bool vls_cli_confirm(vls_cli *cli, const char *question, bool by_default);
/* Tells a person something beside the data: on standard error, not with --quiet. */
void vls_cli_note(vls_cli *cli, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Prints the recorded problem, if any, in the mode of the run. */
void vls_cli_report(vls_cli *cli, vls_err err);

/* Opens the connection unless it is open. */
VLS_MUST vls_err vls_cli_connect(vls_cli *cli);
void vls_cli_disconnect(vls_cli *cli);
/* Calls the node. params as `def` describes them, def NULL for none. The result is good until the
 * next call. */
VLS_MUST vls_err vls_call(vls_cli *cli, const char *method, const vls_wire_def *def,
                          const void *params, vls_slice *ret_result);
/* The same, and decodes the result; its slices are good until the next call. */
VLS_MUST vls_err vls_call_for(vls_cli *cli, const char *method, const vls_wire_def *def,
                              const void *params, const vls_wire_def *result_def, void *ret);
/* A word of the command line as a field of a request, within the bounds the table gives. VLS_USAGE,
 * VLS_TOO_BIG. */
VLS_MUST vls_err vls_cli_word(vls_cli *cli, const vls_wire_def *def, const char *field,
                              const char *word, vls_slice *ret);
/* Decodes a part of a result; a failure is a problem of the node's. */
VLS_MUST vls_err vls_cli_decode(vls_cli *cli, const vls_wire_def *def, vls_slice in, void *ret);

/* help.c */
void vls_help_overview(vls_cli *cli);
/* noun: of a verb, else NULL. */
void vls_help_command(vls_cli *cli, const vls_cmd *noun, const vls_cmd *cmd);

#endif
