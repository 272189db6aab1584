/* Code that knows nothing of Yank. */
#ifndef PLAIN_H
#define PLAIN_H

int plain_often(int x);
int plain_seldom(int x);

#endif
