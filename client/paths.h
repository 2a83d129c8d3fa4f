/* Where things are: the XDG directories, the node's socket, the node's program. */
#ifndef VALISE_CLIENT_PATHS_H
#define VALISE_CLIENT_PATHS_H

#include <stdbool.h>

/* All of these return a string to free(). */

/* The socket to use: `option` if not NULL, else $VALISE_SOCKET, else the user's own; the system
 * node's when only that one exists. */
char *vls_path_socket(const char *option);
char *vls_path_config_dir(void); /* ~/.config/valise */
/* The same, of the node that is called: /etc/valise for that of the machine. */
char *vls_path_node_config(const char *option);
char *vls_path_log(void); /* ~/.local/state/valise/valised.log */
/* valised beside this program, else on PATH; NULL when there is none. */
char *vls_path_daemon(void);
/* `name` on PATH, or itself when it has a slash; NULL when it is not an executable file. */
char *vls_path_program(const char *name);
/* "a/b" of two parts. */
char *vls_path_join(const char *dir, const char *name);

/* The directories above a file, where they are missing, with mode 0700. False, and errno says why,
 * when one of them cannot be made. */
bool vls_path_make_dirs(const char *file);

#endif
