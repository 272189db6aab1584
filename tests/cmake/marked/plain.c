#include "plain.h"

int plain_often(int x)
{
    return x + 2;
}

__attribute__((cold)) int plain_seldom(int x)
{
    return x * 3;
}
