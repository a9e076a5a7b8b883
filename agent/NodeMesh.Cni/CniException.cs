namespace NodeMesh.Cni;

/// <summary>What the runtime is told, and shows the operator as the reason why the pod does not start.</summary>
internal sealed class CniException(int code, string message, string details = "") : Exception(message)
{
    public int Code => code;

    public string Details => details;
}
