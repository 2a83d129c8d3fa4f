/* The texts of `valise help TOPIC`. */
#ifndef VALISE_CLIENT_TOPICS_H
#define VALISE_CLIENT_TOPICS_H

typedef struct vls_topic {
  const char *name, *summary, *text; /* name NULL ends the list */
} vls_topic;

extern const vls_topic vls_topics[];

#endif
