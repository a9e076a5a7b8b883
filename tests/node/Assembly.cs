using NodeMesh.NodeTests.Kit;
using Xunit.Sdk;
using Xunit.v3;

[assembly: AssemblyFixture(typeof(TestRun))]

// Each test has machines of its own, and waits more than it works: one at a time would leave the processors idle.
[assembly: Parallelization(Mode = ParallelMode.Collections, MaxThreads = 2)]
