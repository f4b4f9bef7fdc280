// list.h - an intrusive doubly linked ring: the head is a link too, so taking out needs no head and
// no special case.
#pragma once

#include <stdbool.h>
#include <stddef.h>

// Embedded in the owner's struct; {0} is "in no list". A head must be made with list_init.
struct list {
    struct list *next;
    struct list *prev;
};

static inline void list_init(struct list *head)
{
    head->next = head->prev = head;
}

static inline bool list_is_empty(const struct list *head)
{
    return head->next == head;
}

// Whether this link is in a list.
static inline bool list_has(const struct list *link)
{
    return link->next != NULL;
}

// Adds a link that is in no list behind the last.
static inline void list_push(struct list *head, struct list *link)
{
    link->prev = head->prev;
    link->next = head;
    head->prev->next = link;
    head->prev = link;
}

// Takes a link out of whatever list it is in; nothing happens when it is in none.
static inline void list_remove(struct list *link)
{
    if (!link->next)
        return;
    link->prev->next = link->next;
    link->next->prev = link->prev;
    link->next = link->prev = NULL;
}

// Takes the first link out; NULL when the list is empty.
static inline struct list *list_pop(struct list *head)
{
    struct list *first = head->next;

    if (first == head)
        return NULL;
    list_remove(first);
    return first;
}

// Moves every link of *from behind the last of *to; *from is empty afterwards.
static inline void list_move(struct list *from, struct list *to)
{
    if (list_is_empty(from))
        return;
    from->next->prev = to->prev;
    to->prev->next = from->next;
    from->prev->next = to;
    to->prev = from->prev;
    list_init(from);
}

// The struct that embeds the link: list_item(link, struct run, waiting).
#define list_item(link, type, member) ((type *)((char *)(link)-offsetof(type, member)))
