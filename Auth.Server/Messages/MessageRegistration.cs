namespace Auth.Server.Messages;

/// <summary>Registers what sends messages.</summary>
internal static class MessageRegistration
{
    public static void AddMessages(this IServiceCollection services, SmtpOptions smtp)
    {
        services.AddScoped<Outbox>();
        services.AddScoped<MessageAttempts>();
        services.AddScoped<MailDelivery>();
        if (smtp.IsConfigured)
            services.AddHostedService<MailWatch>();
        services.AddScoped<WebhookRegister>();
        services.AddScoped<WebhookDelivery>();
        services.AddSingleton(new WebhookNetwork(PublicAddress.Contains));
        services.AddSingleton<WebhookClient>();
        services.AddHostedService<WebhookWatch>();
    }
}
