namespace NodeMesh.Proxy.Loops;

/// <summary>Something that takes another turn on its loop, after everyone else had theirs.</summary>
internal interface ILoopWork
{
    void Continue();

    void OnFault(Exception exception);
}
