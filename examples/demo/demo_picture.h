/* The timeline: what its two files share. */
#ifndef DEMO_PICTURE_H
#define DEMO_PICTURE_H

#include "demo.h"

#define WIDTH 1200
#define LEFT 84
#define PLOT (WIDTH - LEFT - 44)

/* Ink and paper are both given: no viewer's dark page shines through. */
#define PAPER "#fcfcfa"
#define INK "#22262b"
#define PALE "#646b73"
#define IDLE "#e7e8e6"

struct span {
    int64_t from_ns, to_ns;
};

struct picture {
    FILE *out;
    const struct demo_report *r;
    const struct demo_history *h;
    int lanes, overview_height, detail_height;
    struct span all, zoom;
};

/* --- demo_legend.c: words and colours ------------------------------------ */

/* style: further attributes. */
void picture_text(const struct picture *p, double x, double y,
                  const char *style, const char *text);
/* Kinds are numbers in demo_kinds; twins have the first's. */
int picture_kind(const struct picture *p, int task);
void picture_colour(const struct picture *p, int kind);
const char *picture_ink_on(int kind); /* what can be read on it */
void picture_title(const struct picture *p);
void picture_legend(const struct picture *p, int y);

#endif
