namespace NodeMesh.Bench.Machines;

internal sealed record Pod(string Namespace, string Address, Machine Machine);
