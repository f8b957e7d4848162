import time,sys,os,signal
def spin(s):
    e=time.perf_counter()+s
    while time.perf_counter()<e: pass
spin(0.4)
what=sys.argv[1]
if what=="exit": sys.exit(3)
if what=="exc": raise ValueError("x")
if what=="_exit": os._exit(4)
if what=="abort": os.abort()
if what=="segv":
    import ctypes; ctypes.string_at(0)
if what=="kill": os.kill(os.getpid(),9)
if what=="term": os.kill(os.getpid(),15)
if what=="int": os.kill(os.getpid(),2)
if what=="exec": os.execv("/bin/true",["true"])
if what=="fork":
    for i in range(3):
        if os.fork()==0:
            spin(0.1); os._exit(0)
    for i in range(3): os.wait()
if what=="mp":
    import multiprocessing as m
    for k in ("fork","spawn","forkserver"):
        p=m.get_context(k).Process(target=spin,args=(0.05,)); p.start(); p.join()
if what=="sub":
    import subprocess
    subprocess.run([sys.executable,"-c","import time;e=time.time()+0.1\nwhile time.time()<e: pass"])
