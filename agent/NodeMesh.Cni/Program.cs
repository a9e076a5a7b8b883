using NodeMesh.Cni;

// The protocol: the command and the attachment in the environment, the configuration on stdin, one JSON document on stdout.
return Plugin.Run(CniEnvironment.OfThisProcess(), Console.OpenStandardInput(), Console.OpenStandardOutput(), Console.Error);
