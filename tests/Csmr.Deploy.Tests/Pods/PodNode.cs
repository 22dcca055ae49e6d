using Csmr.Chaos.Processes;
using Csmr.Deploy.Tests.Helm;
using k8s.Models;

namespace Csmr.Deploy.Tests.Pods;

/// <summary>
/// Runs the containers of rendered pods as processes of this machine: their own command lines, variables and files, with the paths of volumes mapped
/// to directories and each pod at a loopback address of its own.
/// </summary>
/// <param name="directory">What all volumes are below.</param>
/// <param name="files">The files of secrets and config maps, by their names.</param>
internal sealed class PodNode(string directory, IReadOnlyDictionary<string, IReadOnlyDictionary<string, string>> files)
{
    private const string Wildcard = "://*:";

    /// <summary>Starts a container.</summary>
    /// <param name="pod">The pod.</param>
    /// <param name="container">One of its containers.</param>
    /// <param name="name">The pod's name.</param>
    /// <param name="address">The pod's address.</param>
    /// <param name="hosts">Names of services, and where their pods listen.</param>
    public OwnedProcess Start(PodOf pod, V1Container container, string name, string address, params (string Service, string Endpoint)[] hosts)
    {
        var environment = (container.Env ?? []).ToDictionary(static variable => variable.Name, variable => variable.ValueFrom?.FieldRef.FieldPath switch
        {
            null => variable.Value,
            "metadata.name" => name,
            "status.podIP" => address,
            var other => throw new HarnessException($"{pod.Name} asks for {other}"),
        });
        var mounts = container.VolumeMounts.OrderByDescending(static mount => mount.MountPath.Length).Select(mount => (mount.MountPath, At: VolumeOf(pod, mount.Name, name))).ToArray();
        foreach (var variable in environment.Keys)
        {
            environment[variable] = Here(environment[variable]);
        }

        string[] arguments = [.. (container.Args ?? []).Select(argument => Here(environment.Aggregate(argument, static (text, variable) => text.Replace($"$({variable.Key})", variable.Value, StringComparison.Ordinal))))];
        var (project, assembly) = container.Command[0] switch
        {
            "/app/Csmr.Server" => ("Csmr.Server", "Csmr.Server.dll"),
            "/app/csmr" => ("Csmr.Cli", "csmr.dll"),
            var other => throw new HarnessException($"{pod.Name} starts {other}"),
        };
        return OwnedProcess.Start(ServerProcess.Command(project, assembly, arguments), new Place { Environment = environment });

        string Here(string text)
        {
            foreach (var (path, at) in mounts)
            {
                var start = text.IndexOf(path, StringComparison.Ordinal);
                if (start >= 0 && (start + path.Length == text.Length || text[start + path.Length] == '/'))
                {
                    text = text[..start] + at + text[(start + path.Length)..];
                    break;
                }
            }

            text = hosts.Aggregate(text, static (mapped, host) => mapped.Replace(host.Service, host.Endpoint, StringComparison.Ordinal));
            return text.Replace(Wildcard, $"://{address}:", StringComparison.Ordinal);
        }
    }

    /// <summary>A volume of a pod as a directory: filled from its secret or config map, or the pod's own, which stays.</summary>
    private string VolumeOf(PodOf pod, string volume, string name)
    {
        var at = Directory.CreateDirectory(Path.Combine(directory, name, volume)).FullName;
        var source = pod.Spec.Volumes.SingleOrDefault(candidate => candidate.Name == volume);
        if (source?.ConfigMap is { } map)
        {
            foreach (var (file, text) in files[map.Name])
            {
                File.WriteAllText(Path.Combine(at, file), text);
            }
        }

        foreach (var item in source?.Secret?.Items ?? [])
        {
            File.WriteAllText(Path.Combine(at, item.Path), files[source!.Secret.SecretName][item.Key]);
        }

        return at;
    }
}
