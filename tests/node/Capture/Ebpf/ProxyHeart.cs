using System.Diagnostics;
using System.Runtime.InteropServices;

namespace NodeMesh.NodeTests.Capture.Ebpf;

/// <summary>Beats as the proxy does: through a shared mapping of the page it was handed, without privileges.</summary>
internal sealed unsafe partial class ProxyHeart : IDisposable
{
    private const int PageSize = 4096;

    private readonly long* _page;

    public ProxyHeart(SafeHandle page)
    {
        nint mapped = -1;
        AppCalls.WithoutCapabilities(() => mapped = Map(0, PageSize, 3 /* PROT_READ | PROT_WRITE */, 1 /* MAP_SHARED */, page, 0));
        _page = mapped != -1 ? (long*)mapped : throw new InvalidOperationException("cannot map the heartbeat page");
    }

    public void Beat() => Volatile.Write(ref _page[1], Stopwatch.GetTimestamp());

    public void Stop() => Volatile.Write(ref _page[1], Stopwatch.GetTimestamp() - (long)TimeSpan.FromHours(1).TotalNanoseconds);

    public void Dispose() => Unmap((nint)_page, PageSize);

    [LibraryImport("libc", EntryPoint = "mmap", SetLastError = true)]
    private static partial nint Map(nint address, nint length, int protection, int flags, SafeHandle descriptor, nint offset);

    [LibraryImport("libc", EntryPoint = "munmap", SetLastError = true)]
    private static partial int Unmap(nint address, nint length);
}
