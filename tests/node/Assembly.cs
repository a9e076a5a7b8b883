using NodeMesh.NodeTests.Kit;
using Xunit.Sdk;
using Xunit.v3;

[assembly: AssemblyFixture(typeof(TestRun))]

// Each test has machines of its own, but they share this one's processors, and timing is part of what is asserted.
[assembly: Parallelization(Mode = ParallelMode.None)]
