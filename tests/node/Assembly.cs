using NodeMesh.NodeTests.Kit;
using Xunit.Sdk;
using Xunit.v3;

[assembly: AssemblyFixture(typeof(TestRun))]

// Each test has machines of its own. Two at a time keep two processors busy; more get in each other's way.
[assembly: Parallelization(Mode = ParallelMode.Collections, MaxThreads = 2)]
[assembly: TestCollectionOrderer(typeof(LongestFirst))]
