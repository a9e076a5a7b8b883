namespace NodeMesh.Proxy.Loops;

/// <summary>One pending deadline. Belongs to at most one <see cref="TimerQueue"/>; starting and stopping it costs no allocation.</summary>
internal sealed class LoopTimer(Action elapsed)
{
    internal LoopTimer? Next;
    internal LoopTimer? Previous;
    internal TimerQueue? Queue;
    internal long Due;

    internal void Elapse() => elapsed();

    public void Stop() => Queue?.Remove(this);
}
