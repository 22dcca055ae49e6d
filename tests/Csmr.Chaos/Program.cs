return await Csmr.Chaos.Commands.ChaosCommands.RunAsync(args);
