namespace NodeMesh.Agent.Kernel;

/// <summary>The error numbers this agent treats apart, the same on every Linux architecture that .NET runs on.</summary>
internal static class Errno
{
    public const int NotPermitted = 1;
    public const int NoEntry = 2;
    public const int NoProcess = 3;
    public const int Exists = 17;
    public const int Invalid = 22;
    public const int NoProtocolOption = 92;
    public const int OperationNotSupported = 95;
    public const int AddressFamilyNotSupported = 97;
}
