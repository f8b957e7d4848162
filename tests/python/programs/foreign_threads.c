/* Threads that do with their thread states what CPython's API allows, and Python itself does not. */

#include <pthread.h>

typedef struct _ts PyThreadState;
typedef struct _is PyInterpreterState;
int PyGILState_Ensure(void);
PyThreadState *PyEval_SaveThread(void);
void PyEval_AcquireThread(PyThreadState *);
void PyEval_ReleaseThread(PyThreadState *);
PyThreadState *PyThreadState_New(PyInterpreterState *);
PyInterpreterState *PyInterpreterState_Get(void);
void PyThreadState_Clear(PyThreadState *);
void PyThreadState_Delete(PyThreadState *);
void PyThreadState_DeleteCurrent(void);
int PyRun_SimpleStringFlags(const char *, void *);

static void *leaves_its_state(void *unused)
{
    PyGILState_Ensure();
    PyEval_SaveThread();
    return unused;
}

/* A thread that ends and leaves its state in the list. */
int leave_a_state(void)
{
    pthread_t thread;
    if (pthread_create(&thread, 0, leaves_its_state, 0))
        return 1;
    return pthread_join(thread, 0);
}

static PyInterpreterState *interpreter;
static PyThreadState *first;
static pthread_barrier_t has_first, first_is_gone;
static pthread_t worker;

static void *works_twice(void *unused)
{
    first = PyThreadState_New(interpreter);
    PyEval_AcquireThread(first);
    PyRun_SimpleStringFlags("pass", 0);
    PyEval_ReleaseThread(first);
    pthread_barrier_wait(&has_first);
    pthread_barrier_wait(&first_is_gone);
    PyThreadState *second = PyThreadState_New(interpreter);
    PyEval_AcquireThread(second);
    PyRun_SimpleStringFlags("foreign_work()", 0);
    PyThreadState_Clear(second);
    PyThreadState_DeleteCurrent();
    return unused;
}

/* A thread that works under one state and then, after `take_the_first`, under another. */
int begin(void)
{
    interpreter = PyInterpreterState_Get();
    pthread_barrier_init(&has_first, 0, 2);
    pthread_barrier_init(&first_is_gone, 0, 2);
    return pthread_create(&worker, 0, works_twice, 0);
}

/* To be called without the GIL. */
void wait_for_the_first(void)
{
    pthread_barrier_wait(&has_first);
}

/* Deletes the state of that thread from this one. */
void take_the_first(void)
{
    PyThreadState_Clear(first);
    PyThreadState_Delete(first);
    pthread_barrier_wait(&first_is_gone);
}

/* To be called without the GIL. */
int finish(void)
{
    return pthread_join(worker, 0);
}
